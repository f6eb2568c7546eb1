"""`tenth receipt validate`: whether receipts are what they claim."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json

Files = Annotated[list[Path], typer.Argument(metavar="RECEIPT.json...")]


def validate(receipts: Files, as_json: Json = False) -> None:
    """Check form, hash chain, figures and sums; name what is wrong.

    The chain finds accidents and casual edits. It is no signature: who writes a new chain over an
    edit is not found out.

    Exit codes: 0 all are sound, 1 one is not, 2 a file cannot be read.
    """
    from tenth.errors import FormatError
    from tenth.receipt.validate import Finding, Verdict, validate

    verdicts, unread = [], False
    for path in receipts:
        try:
            verdicts.append(validate(path))
        except FormatError as error:
            unread = True
            verdicts.append(Verdict(str(path), [Finding("file", str(error))]))
    if as_json:
        print(json.dumps({"receipts": [one.to_json() for one in verdicts]}, indent=2))
    else:
        print("\n".join(map(str, verdicts)))
    if not all(one.sound for one in verdicts):
        raise typer.Exit(2 if unread else 1)
