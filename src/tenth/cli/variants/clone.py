"""`tenth keep clone`: a copy of a store."""

from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import bar, many


def clone(
    source: Annotated[str, typer.Argument(metavar="PLACE")],
    target: Annotated[str, typer.Argument(metavar="NEW", help="An empty or a new place.")],
    as_json: Json = False,
) -> None:
    """Make a new store with all names of another one, as they are now.

        tenth keep clone s3://bucket/models models/

    Exit code 1 if a name is damaged and could not be copied.
    """
    from tenth.keep import Store
    from tenth.keep import clone as copy
    from tenth.keep.exchange import LostNames

    lost: dict[str, str] = {}
    with bar(shown=not as_json) as progress:
        try:
            made = copy(source, target, progress=progress)
        except LostNames as error:
            made, lost = Store(target), error.names
    names = [one.name for one in made.ls()]
    lines = [f"{name}: not copied. {why}" for name, why in lost.items()]
    lines.append(f"{made.url}: {many(len(names), 'name')}")
    form = {"store": made.url, "names": names, "lost": lost}
    print_result("\n".join(lines), lambda: form, as_json)
    if lost:
        raise typer.Exit(1)
