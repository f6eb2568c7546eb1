"""What every instrument of energy looks like, and the words they share."""

from dataclasses import dataclass
from typing import Any, Protocol

from tenth.figures import Figure, Label, unknown

# the parts of a machine that are metered apart; "whole" is a meter at the socket
COMPONENTS = ("accelerators", "processor", "memory", "whole")
# stands in the source of a reading that holds the work of others: see processes.py
NOT_OURS_ALONE = "other programs included"


@dataclass(frozen=True)
class Burn:
    """What a stretch of work used up: processor seconds, clock seconds, bytes of memory.

    `share` is the part of the machine's processor time that was its own, from 0 to 1; None where
    the whole machine is metered, or where nothing tells.
    """

    cpu_seconds: float | None
    wall_seconds: float
    memory_bytes: float | None
    share: float | None = None


class Instrument(Protocol):
    """An instrument: opened once, sampled now and then, read as the difference of two marks.

    `missing` says why it cannot be read here, or is empty. `period` is the longest time between two
    samples, in seconds; None: it need not be sampled. `kept` are words for the receipt.
    Any thread may call it, one at a time.
    """

    name: str
    missing: str
    period: float | None
    kept: dict[str, str]

    def sample(self, now: float) -> None:
        """Read it at this moment of the monotonic clock."""

    def mark(self) -> Any:
        """Where it stands at the last sample."""

    def since(self, mark: Any, burn: Burn) -> dict[str, Figure]:
        """Joules by component since a mark; an unknown one has the reason."""
        ...


def spread(joules: float, error: float, label: Label, source: str) -> Figure:
    """Joules, give or take a share of them; an error of more than all of it ends at zero."""
    low = joules * max(0.0, 1 - error)
    return Figure(joules, "J", low, joules * (1 + error), label, source)


def missing(reason: str) -> Figure:
    """Joules that nobody knows."""
    return unknown("J", reason)
