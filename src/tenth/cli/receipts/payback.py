"""`tenth receipt payback`: after how many uses the cost has come back."""

from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.receipts.arguments import File
from tenth.cli.show import print_result


def payback(
    receipt: File,
    stage: Annotated[
        list[str] | None, typer.Option(help="Stages that were spent on it; all if none is named.")
    ] = None,
    use: Annotated[
        str | None, typer.Option(help="The size that is one use, in seconds or joules.")
    ] = None,
    watts: Annotated[
        float | None, typer.Option(help="What the machine draws while the model is used.", min=0)
    ] = None,
    before: Annotated[
        float | None, typer.Option(help="Seconds that a use took before.", min=0)
    ] = None,
    after: Annotated[
        float | None, typer.Option(help="Seconds that a use takes now.", min=0)
    ] = None,
    as_json: Json = False,
) -> None:
    """Say after how many uses of a smaller model its cost is repaid.

    What a use saves comes from the times of one before and after. Both come from the receipt, where
    something timed the model, else from --before and --after.
    """
    from tenth.cli.receipts.sealed import sealed
    from tenth.errors import InputError, must
    from tenth.figures import Figure
    from tenth.receipt import BeforeAfter
    from tenth.receipt.payback import payback

    draw = None if watts is None else Figure(watts, "W", label="given", source="given by the user")
    size: str | BeforeAfter | None = use
    if before is not None and after is not None:
        times = (
            Figure(one, "s", label="given", source="given by the user") for one in (before, after)
        )
        size = BeforeAfter("time a use", *times)
    elif before is not None or after is not None:
        raise InputError(must("--before and --after", "given together", "one of them"))
    loaded = sealed(receipt, "", anyway=True)
    found = payback(loaded, stages=stage or (), use=size, watts=draw)
    print_result(found, found.to_json, as_json)
