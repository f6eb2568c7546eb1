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
    mfu: Annotated[
        float | None,
        typer.Option(help="The share of the other device's peak that its FLOPs reach there."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate the same work elsewhere, or on another device.

    In another country, at another price of an hour, or on another device of the catalogue. Between
    devices of one kind time goes by the ratio of their peaks, with a wide interval; on one of
    another kind it needs --mfu. Energy on a GPU or TPU holds its building, by the PUE of an unknown
    site.
    """
    from tenth.cli.receipts.sealed import sealed
    from tenth.receipt.whatif import Otherwise, what_if

    found = what_if(sealed(receipt, "", anyway=True), Otherwise(place, device, price, ran_on, mfu))
    print_result(found, found.to_json, as_json)
