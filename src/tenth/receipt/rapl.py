"""The energy counters of x86 processors (RAPL), read where the system lets us.

Each counter covers a whole socket: other programs of the machine are in it.
"""

import re
import time
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
# no socket of 2026 draws more: used to tell whether a counter may have run round unseen
_MOST_WATTS = 700.0


class Rapl:
    """The joules since `Rapl()` was made, kept by `sample`, which must run often enough.

    `missing` says why there is no such counter here; `sample` then does nothing.
    """

    def __init__(self, root: Path = POWERCAP) -> None:
        self.missing = ""
        self.has_memory = False
        self._joules = 0.0
        self._last: dict[Path, int] = {}
        self._counters: dict[Path, int] = {}
        self._when = time.monotonic()
        try:
            self._counters, self.has_memory = _counters(root)
            self._last = {path: _read(path / "energy_uj") for path in self._counters}
        except PermissionError:
            self.missing = "RAPL counters are readable by root only"
        except (OSError, ValueError) as error:
            self.missing = f"RAPL counters cannot be read ({error})"
        if not self._counters and not self.missing:
            self.missing = "no RAPL counters here"

    def sample(self) -> None:
        """Take the counters' advance since the last sample.

        A counter that may have run round more than once makes the sum unknown for good.
        """
        if self.missing:
            return
        now = time.monotonic()
        try:
            for path, size in self._counters.items():
                if (now - self._when) * _MOST_WATTS > size / 1e6:
                    self.missing = "RAPL counters may have run round between two samples"
                value = _read(path / "energy_uj")
                self._joules += (value - self._last[path]) % (size + 1) / 1e6
                self._last[path] = value
        except (OSError, ValueError) as error:
            self.missing = f"RAPL counters stopped answering ({error})"
        self._when = now

    @property
    def due(self) -> bool:
        """Whether ten seconds have passed since the last sample."""
        return not self.missing and time.monotonic() - self._when > 10

    @property
    def joules(self) -> float:
        """The sum of all samples; of no meaning when `missing` says something."""
        return self._joules


def _counters(root: Path) -> tuple[dict[Path, int], bool]:
    """Counter folders with the value at which each starts anew, and whether memory is among them.

    The domain `psys` holds the packages, and `core` and `uncore` are held by them: neither is
    taken. An AMD processor of several dies repeats its package's counter on each die.
    """
    found: dict[Path, int] = {}
    seen: set[str] = set()
    memory = False
    for path in sorted(root.glob("intel-rapl:*")):
        name = (path / "name").read_text().strip()
        package = re.match(r"package-\d+", name)
        if name == "dram":
            memory = True
        elif package is None or (_is_amd() and package[0] in seen):
            continue
        else:
            seen.add(package[0])
        found[path] = _read(path / "max_energy_range_uj")
    return found, memory


def _is_amd(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    try:
        return "AuthenticAMD" in cpuinfo.read_text()
    except OSError:
        return False


def _read(path: Path) -> int:
    return int(path.read_text())
