"""`tenth receipt export`: a receipt in a form that people must file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.receipts.arguments import File
from tenth.cli.show import print_result


def export(
    receipt: File,
    form: Annotated[
        str, typer.Option(help="sci, ghg, boamps, spdx, eu, csv, card or dict (see docs/exports).")
    ],
    facts: Annotated[
        Path | None,
        typer.Option(metavar="FACTS.json", help="What no meter knows: one JSON object."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the form here, not to the terminal.")
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Fill it from a receipt that was edited since.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fill a form from a receipt, and list the fields that stay open.

    The form goes to standard output or --out; the open fields go to standard error, and with
    --json beside the form. A receipt that is not as it was sealed is refused.
    """
    from tenth.cli.receipts.sealed import sealed
    from tenth.receipt.export import Facts
    from tenth.receipt.export import export as fill
    from tenth.receipt.export.filled import by_reason

    filled = fill(
        sealed(receipt, "to fill a form, or used --anyway", anyway=anyway),
        form,
        Facts.load(facts) if facts else None,
    )
    if out is not None:
        filled.save(out)
    if as_json:
        print_result(filled, filled.to_json, as_json)
        return
    print(out if out is not None else str(filled), end="\n" if out is not None else "")
    for gaps in by_reason(filled.open):
        print(f"open: {gaps}", file=sys.stderr)
