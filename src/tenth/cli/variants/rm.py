"""`tenth keep rm`: remove a name."""

from dataclasses import asdict
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Name, Where


def rm(
    name: Name,
    store: Where = PLACE,
    message: Annotated[str, typer.Option("--message", "-m", help="Stands in the log.")] = "",
    as_json: Json = False,
) -> None:
    """Remove a name. Its bytes go with a later gc, except those that other names need.

    tenth keep rm task-a
    """
    from tenth.keep import Store

    ref = Store(store).rm(name, message)
    text = f"{name} is removed. Run `tenth keep gc` now and after a day to free its bytes."
    print_result(text, lambda: asdict(ref), as_json)
