"""Options that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Seed = Annotated[int, typer.Option(help="Draws weights, data order and masks.")]
Place = Annotated[
    str | None,
    typer.Option(
        metavar="ISO3",
        help="Country where it runs, such as FRA: sets the carbon of its electricity.",
        envvar="TENTH_PLACE",
    ),
]
Out = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for the results; a stopped run goes on here.")
]
Density = Annotated[
    float | None, typer.Option(help="Fraction of the weights kept, in (0, 1]: 0.1 is a tenth.")
]
TaskFile = Annotated[
    Path,
    typer.Argument(
        metavar="TASK.py", help="A Python file that defines `task` (see examples/digits.py)."
    ),
]
