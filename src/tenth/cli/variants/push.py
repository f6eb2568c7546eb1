"""`tenth keep push`: to another store."""

from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.variants.arguments import PLACE, Where
from tenth.cli.variants.moving import moved


def push(
    other: Annotated[str, typer.Argument(metavar="PLACE", help="Made if there is no store.")],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: all.")
    ] = None,
    store: Where = PLACE,
    force: Annotated[
        bool,
        typer.Option("--force", help="Overwrite names that have changed there."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring names to another store; only what it lacks is moved.

        tenth keep push s3://bucket/models task-a

    After ctrl-C or a lost connection the same command goes on behind the last pack. Exit code 1 if
    a name is damaged here and could not be moved.
    """
    from tenth.keep import Store

    here = Store(store)
    moved(
        lambda progress: here.push(other, names or None, force=force, progress=progress),
        other,
        as_json,
    )
