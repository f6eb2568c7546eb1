"""`tenth keep rebase`: another base for what is stored."""

from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Name, Threads, Where, bar, told


def rebase(
    name: Name,
    base: Annotated[str, typer.Option(help="The new base; auto: found by its weights; none.")],
    store: Where = PLACE,
    archive: Annotated[
        bool, typer.Option("--archive", help="Smaller; slower to write and to read.")
    ] = False,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Store a name anew, as a difference from another base. Its files stay as they are.

    tenth keep rebase task-a --base better-base

    tenth keep rebase task-a --base auto --archive
    """
    from tenth.keep import Store

    with bar(shown=not as_json) as progress:
        result = Store(store).rebase(
            name,
            base=None if base == "none" else base,
            tier="archive" if archive else "fast",
            threads=threads,
            progress=progress,
        )
    print_result(told(result), result.to_json, as_json)
