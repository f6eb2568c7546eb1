"""Arguments that several commands on receipts share."""

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(metavar="RECEIPT.json|FOLDER")]
Lang = Annotated[str, typer.Option(metavar="en|ar", help="Language of the page or the tables.")]
