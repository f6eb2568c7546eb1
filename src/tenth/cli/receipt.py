"""`tenth receipt`: read, compare and print receipts."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Read, compare and print what a run cost and saved.",
)
File = Annotated[Path, typer.Argument(metavar="RECEIPT.json")]


@app.command("show")
def show(receipt: File, as_json: Json = False) -> None:
    """Print a receipt as a table."""
    from tenth.receipt import Receipt

    loaded = Receipt.load(receipt)
    print_result(loaded, loaded.to_json, as_json)


@app.command("compare")
def compare(receipt: File, baseline: File, as_json: Json = False) -> None:
    """Say what RECEIPT saved against a baseline, figure by figure.

    Refuses, saying why, when task, hardware or accuracy target differ: such a ratio means nothing.
    """
    from tenth.receipt import Receipt

    comparison = Receipt.load(receipt).compare(Receipt.load(baseline))
    print_result(comparison, comparison.to_json, as_json)


@app.command("html")
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
