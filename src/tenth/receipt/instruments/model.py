"""Energy without an instrument: CPU-seconds × watts of a busy thread, memory × watts per GB.

The interval is ±45 %: on four processors with counters, forms like it erred by 43 to 46 %.

Source: CodeCarbon's load profiles of four processors; Green Algorithms (0.3725 W/GB).
"""

from tenth.figures import Figure
from tenth.receipt.instruments.face import Burn, missing, spread

MODEL_ERROR = 0.45
MEMORY_WATTS_PER_GB = 0.3725


class Model:
    """The joules that processor time and memory stand for."""

    name = "model"
    missing = ""
    period: float | None = None

    def __init__(self, thread_watts: Figure) -> None:
        self.kept: dict[str, str] = {}
        self._watts = thread_watts

    def sample(self, now: float) -> None:
        """There is nothing to read."""

    def mark(self) -> None:
        """It remembers nothing."""

    def since(self, mark: None, burn: Burn) -> dict[str, Figure]:
        """Joules of processor and memory."""
        return {"processor": self._processor(burn), "memory": _memory(burn)}

    def _processor(self, burn: Burn) -> Figure:
        if burn.cpu_seconds is None:
            return missing("this system does not say how much processor time was used")
        if not self._watts.known:
            return missing(self._watts.reason)
        value, low, high = (bound * burn.cpu_seconds for bound in self._watts.bounds())
        source = f"CPU-seconds × {self._watts} a busy thread ({self._watts.source})"
        return Figure(value, "J", low, high, "modelled", source)


def _memory(burn: Burn) -> Figure:
    if burn.memory_bytes is None:
        return missing("this system does not say how much memory was used")
    value = burn.wall_seconds * burn.memory_bytes / 1e9 * MEMORY_WATTS_PER_GB
    return spread(
        value, MODEL_ERROR, "modelled", f"memory × {MEMORY_WATTS_PER_GB} W/GB (Green Algorithms)"
    )
