"""Where the seconds of a run go, phase by phase."""

import time
from collections.abc import Mapping

BATCHES = "batches"
LEARNING = "forward and backward"
OPTIMIZER = "optimizer"
MASKS = "masks"
SCORE = "score"
PHASES: tuple[str, ...] = (BATCHES, LEARNING, OPTIMIZER, MASKS, SCORE)


class Clock:
    """Adds up seconds by phase; what passes between `stop` and `start` belongs to none.

    Cost: one reading of the system's clock a lap.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        self._last = time.perf_counter()

    def start(self) -> None:
        """The time until now belongs to no phase."""
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        """The time since the last lap, or the start, was spent in `phase`."""
        now = time.perf_counter()
        self.seconds[phase] += now - self._last
        self._last = now

    def take(self) -> dict[str, float]:
        """The seconds so far, and begin anew at zero."""
        taken, self.seconds = self.seconds, dict.fromkeys(PHASES, 0.0)
        return taken

    def load_state_dict(self, seconds: Mapping[str, float]) -> None:
        """Go on from the seconds of an earlier sitting."""
        self.seconds = {phase: seconds[phase] for phase in PHASES}
