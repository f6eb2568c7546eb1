"""Training by the cheapest route."""

from tenth.fit import Settings, Step
from tenth.train.driver import run
from tenth.train.race import Arm, Budget, Verdict, race
from tenth.train.result import Result
from tenth.train.routes import ROUTES, Route
from tenth.train.timing import time_step

__all__ = [
    "ROUTES",
    "Arm",
    "Budget",
    "Result",
    "Route",
    "Settings",
    "Step",
    "Verdict",
    "race",
    "run",
    "time_step",
]
