"""`tenth keep pull`: from another store."""

from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.variants.arguments import PLACE, Where
from tenth.cli.variants.moving import moved


def pull(
    other: Annotated[str, typer.Argument(metavar="PLACE")],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: all.")
    ] = None,
    store: Where = PLACE,
    force: Annotated[
        bool,
        typer.Option("--force", help="Overwrite names that have changed here."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch names from another store; only what is lacking here is moved.

        tenth keep pull s3://bucket/models task-a

    The store is made if there is none. A name that is damaged here is mended. Exit code 1 if one
    is damaged there and could not be moved.
    """
    from tenth.keep import Store

    source = Store(other)
    target = Store(store, make=True)
    moved(
        lambda progress: target.pull(source, names or None, force=force, progress=progress),
        store,
        as_json,
    )
