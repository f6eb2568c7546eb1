"""What it cost to make the nets that a run learns or starts from, as its receipt tells it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenth.errors import InputError, must
from tenth.figures import unknown
from tenth.receipt import Receipt, Stage

_FLOPS = ("flops_useful", "flops_executed", "flops_dense_equivalent")


def receipt_of(source: Any) -> Receipt | None:
    """The receipt that tells what making a net cost, from whatever holds it.

    Args:
        source: a receipt, a result with one, a folder or a file that holds one; None: nobody knows.

    Raises:
        InputError: it is something else.
        FormatError: the file is missing, or no receipt.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        return Receipt.load(path / "receipt.json" if path.is_dir() else path)
    found = getattr(source, "receipt", source)
    if found is None or isinstance(found, Receipt):
        return found
    rule = "a receipt, a result, a folder with receipt.json, or None"
    raise InputError(must("source", rule, type(source).__name__))


def stage_of(role: str, receipt: Receipt | None) -> Stage:
    """The stage that a receipt gets for a net that was made earlier, such as its "teacher".

    With a receipt its costs are in all sums. Without one the stage holds FLOPs that are unknown,
    and `lines` says the rest.
    """
    name = f"made earlier: the {role}"
    if receipt is not None and receipt.stages:
        return Stage.of_parts(f"{name} ({receipt.title})", receipt.stages)
    reason = f"nobody said what the {role} cost to make: unknown, not zero"
    notes: Mapping[str, Any] = {"cost": "unknown, not zero"}
    return Stage(name, {key: unknown("FLOP", reason) for key in _FLOPS}, notes=dict(notes))


def line_of(role: str, receipt: Receipt | None) -> str:
    """The sentence of a receipt's notes that goes with `stage_of`."""
    if receipt is not None and receipt.stages:
        return f"What the {role} cost to make is in the sums, whole, however many runs share it."
    return f"What the {role} cost to make is unknown, not zero: no figure here holds it."
