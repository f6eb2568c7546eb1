"""Training by the cheapest route."""

from tenth.fit import Settings, Step
from tenth.train.driver import run, time_step
from tenth.train.result import Result
from tenth.train.routes import ROUTES, Route

__all__ = ["ROUTES", "Result", "Route", "Settings", "Step", "run", "time_step"]
