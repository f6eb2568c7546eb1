"""`tenth receipt add`: receipts of one run as one."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result


def add(
    receipts: Annotated[list[Path], typer.Argument(metavar="RECEIPT.json|FOLDER...")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the sum here as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add up the receipts that the processes of one run left.

    On one machine or several. A machine is counted once where an instrument reads all of it.
    Receipts belong together by their run id: that of the scheduler, or the variable TENTH_RUN_ID.
    """
    from tenth.receipt.merge import add, gathered, sorted_out

    for other in sorted_out(receipts)[1]:
        print(f"left out, for it is no receipt: {other}", file=sys.stderr)
    whole = add(gathered(receipts))
    if out is not None:
        whole.save(out)
    print_result(whole, whole.to_json, as_json)
