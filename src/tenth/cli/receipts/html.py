"""`tenth receipt html`: a receipt as a page."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.receipts.arguments import File, Lang


def html(
    receipt: File,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Default: beside it.")] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="BASELINE.json", help="A receipt to hold it against.")
    ] = None,
    lang: Lang = "en",
) -> None:
    """Write a receipt as one self-contained page that opens anywhere."""
    from tenth.cli.receipts.sealed import sealed
    from tenth.files import write_text
    from tenth.receipt import Receipt
    from tenth.receipt.record import within

    page, loaded = out or within(receipt).with_suffix(".html"), Receipt.load(receipt)
    comparison = loaded.compare(sealed(against, "to be a baseline")) if against else None
    write_text(page, loaded.html(lang, comparison))
    print(page)
