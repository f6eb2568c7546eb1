"""Where a compilation or a bench stands, for whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What is done now, and how many of how many parts of it are over; 0 of 0 if it has none."""

    doing: str
    done: int = 0
    total: int = 0


OnStep = Callable[[Step], None]


def silent(step: Step) -> None:
    """Tell nobody."""
