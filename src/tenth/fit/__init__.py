"""One run of steps, as `train` and `shrink` both need it: metered, resumable, repeatable."""

from tenth.fit.folder import Folder, kept_in
from tenth.fit.loop import fit
from tenth.fit.plan import Fitted, OnStep, Plan, Step
from tenth.fit.settings import Pace, Settings
from tenth.fit.teacher import Teacher

__all__ = [
    "Fitted",
    "Folder",
    "OnStep",
    "Pace",
    "Plan",
    "Settings",
    "Step",
    "Teacher",
    "fit",
    "kept_in",
]
