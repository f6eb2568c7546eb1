"""What a run cost and what it saved, metered and printed."""

from tenth.receipt.meter import Meter, metered
from tenth.receipt.record import Aim, Arm, BeforeAfter, Receipt, Stage
from tenth.receipt.work import Flops, Work

__all__ = [
    "Aim",
    "Arm",
    "BeforeAfter",
    "Flops",
    "Meter",
    "Receipt",
    "Stage",
    "Work",
    "metered",
]
