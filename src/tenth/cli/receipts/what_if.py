"""`tenth receipt what-if`: the same work elsewhere."""

from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.receipts.arguments import File
from tenth.cli.show import print_result


def what_if(
    receipt: File,
    place: Annotated[
        str | None, typer.Option(metavar="ISO3", help="Another country, such as FRA.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Another device of the catalogue.")] = None,
    price: Annotated[
        float | None, typer.Option(help="Another price of an hour, in USD.", min=0)
    ] = None,
    ran_on: Annotated[
        str | None,
        typer.Option(help="The device that it did run on, if that is not this machine."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate what the same work would have cost in another place, at another price or device."""
    from tenth.cli.receipts.sealed import sealed
    from tenth.receipt.whatif import Otherwise, what_if

    found = what_if(sealed(receipt, "", anyway=True), Otherwise(place, device, price, ran_on))
    print_result(found, found.to_json, as_json)
