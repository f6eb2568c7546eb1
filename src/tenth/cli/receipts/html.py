"""`tenth receipt html`: a receipt as a page."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.receipts.arguments import File


def html(
    receipt: File,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Default: beside it.")] = None,
) -> None:
    """Write a receipt as one self-contained page that opens anywhere."""
    from tenth.files import write_text
    from tenth.receipt import Receipt

    page = out or receipt.with_suffix(".html")
    write_text(page, Receipt.load(receipt).html())
    print(page)
