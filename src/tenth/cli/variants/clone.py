"""`tenth keep clone`: a copy of a store."""

from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import bar


def clone(
    source: Annotated[str, typer.Argument(metavar="PLACE")],
    target: Annotated[str, typer.Argument(metavar="NEW", help="An empty or a new place.")],
    as_json: Json = False,
) -> None:
    """Make a new store with all names of another one, as they are now.

    tenth keep clone s3://bucket/models models/
    """
    from tenth.keep import clone as copy

    with bar(shown=not as_json) as progress:
        made = copy(source, target, progress=progress)
    names = [one.name for one in made.ls()]
    text = f"{made.url}: {len(names)} names"
    print_result(text, lambda: {"store": made.url, "names": names}, as_json)
