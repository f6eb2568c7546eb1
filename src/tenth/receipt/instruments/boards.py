"""Accelerator boards of one vendor, metered alike: what NVML and AMD SMI share.

A reading is of whole boards. Each board is read by its own energy counter, and where it has none,
by its power at 10 Hz.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tenth.figures import Figure
from tenth.receipt.instruments.counter import Counter, Point, Power, Scale, advance
from tenth.receipt.instruments.face import NOT_OURS_ALONE, Burn, missing, spread
from tenth.receipt.instruments.visible import visible

COUNTER_ERROR = 0.07
POWER_ERROR = 0.10
PERIOD = 0.1
_TICK_SECONDS = 0.1
_MOST_WATTS = 3000.0
WHOLE_BOARDS = f"whole boards, {NOT_OURS_ALONE}"

Mark = Mapping[str, Point]


@dataclass(frozen=True)
class Board:
    """One board: what tells it from others, and how to read its joules or its watts.

    Either may be None, where the board does not offer it.
    """

    id: str
    joules: Callable[[], float] | None
    watts: Callable[[], float] | None


class Boards:
    """The joules of the boards of one vendor that this process may use.

    A vendor says how its library is loaded, opened and asked. It stays open as long as the process
    lives: to open it anew for each meter would cost more than what is metered.

    Args:
        library: stands in for the vendor's own.
        devices: where the system keeps its device files.
        environment: variables that may hide boards.
        now: moment of the monotonic clock.
    """

    name: ClassVar[str]
    variables: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        library: Any = None,
        *,
        devices: Path = Path("/dev"),
        environment: Mapping[str, str] | None = None,
        now: float | None = None,
    ) -> None:
        self.missing = ""
        self.period: float | None = None
        self.kept: dict[str, str] = {}
        self._sensors: dict[str, Counter | Power] = {}
        self._unread: list[str] = []
        environment = os.environ if environment is None else environment
        self._library = library
        if library is None:
            self._library, self.missing = self._load(devices)
        if self.missing:
            return
        try:
            self._open()
            every = self._all()
            chosen = visible([board.id for board in every], environment, self.variables)
            boards = self._may_use([every[place] for place in chosen])
        except Exception as error:  # whatever a vendor's library raises
            self.missing = f"{self.name} cannot be read ({error})"
            return
        if not boards:
            self.missing = f"{self.name} knows no board that this process may use and it meters"
            return
        self._attach(boards, time.monotonic() if now is None else now)

    def sample(self, now: float) -> None:
        """Read each board."""
        for sensor in self._sensors.values():
            sensor.sample(now)

    def mark(self) -> Mark:
        """Where each board stands."""
        return {name: sensor.point for name, sensor in self._sensors.items()}

    def since(self, mark: Mark, burn: Burn) -> dict[str, Figure]:
        """Joules of all boards since a mark; unknown if those of one are."""
        return {} if self.missing else {"accelerators": self._sum(mark, burn)}

    def _attach(self, boards: list[Board], now: float) -> None:
        for number, board in enumerate(boards):
            # some drivers call all of their boards alike
            name = f"{board.id}/{number}" if board.id in self._sensors else board.id
            label = f"{self.name} of board {name}"
            if board.joules is not None:
                self._sensors[name] = Counter(label, board.joules, Scale(1.0, _MOST_WATTS), now)
                self.period = self.period or 10.0
            elif board.watts is not None:
                self._sensors[name] = Power(label, board.watts, now)
                self.period = PERIOD
            else:
                self._unread.append(name)
        self.kept = {"boards": " ".join(self._sensors)}

    def _sum(self, mark: Mark, burn: Burn) -> Figure:
        if self._unread:
            return missing(f"{self.name} reads neither energy nor power of {self._unread[0]}")
        whole, by_power = 0.0, False
        for name, sensor in self._sensors.items():
            joules, reason = advance(sensor, mark[name])
            if reason:
                return missing(reason)
            whole += joules
            by_power |= isinstance(sensor, Power)
        error = POWER_ERROR if by_power else COUNTER_ERROR
        error += _TICK_SECONDS / max(burn.wall_seconds, _TICK_SECONDS)
        how = "power read at 10 Hz" if by_power else "energy counters"
        source = f"{self.name}: {how} of {len(self._sensors)} board(s), {WHOLE_BOARDS}"
        return spread(whole, error, "measured", source)

    def _load(self, devices: Path) -> tuple[Any, str]:
        """The library, or why there is none."""
        raise NotImplementedError

    def _open(self) -> None:
        raise NotImplementedError

    def _all(self) -> list[Board]:
        """Every board, in the vendor's order."""
        raise NotImplementedError

    def _may_use(self, boards: list[Board]) -> list[Board]:
        """Those of the visible boards that are metered for themselves."""
        return boards
