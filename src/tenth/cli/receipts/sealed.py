"""Receipts that figures are handed on from: only as they were sealed, unless told otherwise."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenth.receipt import Receipt


def sealed(path: Path, use: str, *, anyway: bool = False) -> "Receipt":
    """The receipt of a file or folder, for a use such as "to be filed".

    What is not as it was sealed is refused, or with `anyway` told on standard error.

    Raises:
        FormatError: it cannot be read, or was edited.
    """
    from tenth.receipt import Receipt, words

    loaded = Receipt.load(path)
    if not anyway:
        loaded.as_sealed(use)
    if loaded.edited:
        print(f"{path}: {words.edited(loaded)}", file=sys.stderr)
    if not loaded.chained:
        print(f"note: {path}: a receipt of version 1 has no hash chain", file=sys.stderr)
    return loaded
