"""What a run cost and what it saved, metered and printed."""

from tenth.receipt.actual import plan_against_actual
from tenth.receipt.arms import Arm
from tenth.receipt.compare import Comparison, compare
from tenth.receipt.instruments import UserMeter
from tenth.receipt.meter import Meter, metered
from tenth.receipt.panel import Metering
from tenth.receipt.partial import kept
from tenth.receipt.place import Place
from tenth.receipt.provenance import Origin
from tenth.receipt.record import Receipt
from tenth.receipt.rows import Row
from tenth.receipt.runs import Run
from tenth.receipt.sizes import Aim, BeforeAfter
from tenth.receipt.stage import Stage
from tenth.receipt.work import Flops, Work

__all__ = [
    "Aim",
    "Arm",
    "BeforeAfter",
    "Comparison",
    "Flops",
    "Meter",
    "Metering",
    "Origin",
    "Place",
    "Receipt",
    "Row",
    "Run",
    "Stage",
    "UserMeter",
    "Work",
    "compare",
    "kept",
    "metered",
    "plan_against_actual",
]
