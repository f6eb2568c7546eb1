"""The energy counters of x86 processors (RAPL), read where the system lets us.

Each counter covers a whole socket: other programs of the machine are in it. Of that, a process or
a group of them is charged its share of the processor time.

Source: Linux kernel documentation, power/powercap; Khan et al., RAPL in Action, 2018.
"""

import re
import time
from pathlib import Path

from tenth.figures import Figure
from tenth.receipt.instruments.counter import Counter, Point, Scale, advance
from tenth.receipt.instruments.face import NOT_OURS_ALONE, Burn, missing, spread

POWERCAP = Path("/sys/class/powercap")
COUNTER_ERROR = 0.10
SHARE_ERROR = 0.45
# no socket of 2026 draws more: used to tell whether a counter may have run round unseen
_MOST_WATTS = 700.0
_TICK_SECONDS = 0.001
WHOLE_SOCKETS = f"RAPL counters of whole sockets, {NOT_OURS_ALONE}"

Mark = dict[str, Point]


class Rapl:
    """The joules of sockets and of memory beside them."""

    name = "RAPL"

    def __init__(self, root: Path = POWERCAP, now: float | None = None) -> None:
        now = time.monotonic() if now is None else now
        self.missing = ""
        self.period: float | None = None
        self.kept: dict[str, str] = {}
        self._counters: dict[str, Counter] = {}
        self._memory: set[str] = set()
        try:
            for path, domain in _domains(root).items():
                size = _read(path / "max_energy_range_uj") + 1
                label = f"the RAPL counter {domain}"
                scale = Scale(1e-6, _MOST_WATTS, size)
                counter = Counter(label, _reader(path / "energy_uj"), scale, now)
                _read(path / "energy_uj")
                self._counters[path.name] = counter
                if domain == "dram":
                    self._memory.add(path.name)
        except PermissionError:
            self.missing = "RAPL counters are readable by root only"
        except (OSError, ValueError) as error:
            self.missing = f"RAPL counters cannot be read ({error})"
        if not self._counters and not self.missing:
            self.missing = "no RAPL counters here"
        if not self.missing:
            self.period = 10.0

    @property
    def has_memory(self) -> bool:
        """Whether memory has a counter of its own."""
        return bool(self._memory)

    def sample(self, now: float) -> None:
        """Read each counter."""
        for counter in self._counters.values():
            counter.sample(now)

    def mark(self) -> Mark:
        """Where each counter stands."""
        return {name: counter.point for name, counter in self._counters.items()}

    def since(self, mark: Mark, burn: Burn) -> dict[str, Figure]:
        """Joules of the sockets, and of memory where it has a counter."""
        if self.missing:
            return {}
        sockets = self._counters.keys() - self._memory
        found = {"processor": self._sum(sorted(sockets), mark, burn)}
        if self._memory:
            found["memory"] = self._sum(sorted(self._memory), mark, burn)
        return found

    def _sum(self, names: list[str], mark: Mark, burn: Burn) -> Figure:
        whole = 0.0
        for name in names:
            joules, reason = advance(self._counters[name], mark[name])
            if reason:
                return missing(reason)
            whole += joules
        error = COUNTER_ERROR + _TICK_SECONDS / max(burn.wall_seconds, _TICK_SECONDS)
        if burn.share is None:
            return spread(whole, error, "measured", WHOLE_SOCKETS)
        # the energy of idling belongs to nobody: at most all of the reading is ours
        value, most = whole * burn.share, whole * (1 + error)
        source = f"RAPL counters ({whole:.3g} J) × the share of processor time ({burn.share:.0%})"
        high = max(value, min(value * (1 + SHARE_ERROR), most))
        return Figure(value, "J", value * (1 - SHARE_ERROR), high, "modelled", source)


def _domains(root: Path) -> dict[Path, str]:
    """Counter folders with the names of their domains.

    The domain `psys` holds the packages, and `core` and `uncore` are held by them: neither is
    taken. An AMD processor of several dies repeats its package's counter on each die.
    """
    found: dict[Path, str] = {}
    seen: set[str] = set()
    for path in sorted(root.glob("intel-rapl:*")):
        name = (path / "name").read_text().strip()
        package = re.match(r"package-\d+", name)
        if name != "dram":
            if package is None or (_is_amd() and package[0] in seen):
                continue
            seen.add(package[0])
        found[path] = name
    return found


def _is_amd(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    try:
        return "AuthenticAMD" in cpuinfo.read_text()
    except OSError:
        return False


def _reader(path: Path):
    return lambda: _read(path)


def _read(path: Path) -> int:
    return int(path.read_text())
