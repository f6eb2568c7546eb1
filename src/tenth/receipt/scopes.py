"""Whose work is metered: this process, its control group, or the whole machine."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tenth.errors import InputError, must
from tenth.receipt import probes

ScopeName = Literal["process", "cgroup", "machine"]
SCOPES: tuple[ScopeName, ...] = get_args(ScopeName)
VARIABLE = "TENTH_SCOPE"

_STAT, _MEMINFO = Path("/proc/stat"), Path("/proc/meminfo")
_CGROUPS, _OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_IDLE_COLUMNS = (3, 4)  # of the line "cpu": idle, waiting for a disk
_COLUMNS = 8  # user, nice, system, idle, iowait, irq, softirq, steal; guests are in user
_STOLEN = 7  # another machine of the same host had it


@dataclass(frozen=True)
class Scope:
    """Reads of what a scope has used: processor seconds so far, bytes of memory now.

    Either is None where the system does not say. `clock` names the clock for a receipt.
    """

    name: str
    cpu_seconds: Callable[[], float | None]
    memory_bytes: Callable[[], float | None]
    clock: str

    @property
    def is_part(self) -> bool:
        """Whether others may work on the machine beside it."""
        return self.name != "machine"


def scope(name: str | None = None) -> Scope:
    """The scope of this name, else of the variable TENTH_SCOPE, else of this process.

    Raises:
        InputError: no such scope.
    """
    name = name or os.environ.get(VARIABLE) or "process"
    if name not in SCOPES:
        raise InputError(must("scope", "one of " + ", ".join(SCOPES), repr(name)))
    if name == "cgroup":
        return cgroup()
    if name == "machine":
        return machine()
    clock = "clock of the process and of its ended children"
    return Scope(name, probes.cpu_seconds, lambda: None, clock)


def machine(stat: Path = _STAT, meminfo: Path = _MEMINFO) -> Scope:
    """The whole machine, as Linux counts it."""
    clock = "clock of all processors of the machine (/proc/stat)"
    return Scope("machine", lambda: busy_seconds(stat), lambda: _used_memory(meminfo), clock)


def busy_seconds(stat: Path = _STAT) -> float | None:
    """Seconds that the machine's processors have worked since it started."""
    try:
        words = stat.read_text().split("\n", 1)[0].split()[1 : _COLUMNS + 1]
        ticks = [int(word) for word in words]
    except (OSError, ValueError):
        return None
    if not ticks:
        return None
    busy = sum(n for column, n in enumerate(ticks) if column not in (*_IDLE_COLUMNS, _STOLEN))
    return busy / os.sysconf("SC_CLK_TCK")


def cgroup(root: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> Scope:
    """The control group of this process, of either version: a container, a job, a service."""
    folders = _folders(root, own)
    clock = "clock of the control group"
    return Scope("cgroup", lambda: _cgroup_seconds(folders), lambda: _cgroup_memory(folders), clock)


def _folders(root: Path, own: Path) -> list[Path]:
    """Where the group's files may be: its own folder, or the root as a container sees it."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    found: list[Path] = []
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        inside = path.lstrip("/")
        if number == "0" and not controllers:
            found += [root / inside, root / "unified" / inside, root]
        elif set(controllers.split(",")) & {"cpuacct", "memory"}:
            for name in (controllers, *controllers.split(",")):
                found += [root / name / inside, root / name]
    return found


def _cgroup_seconds(folders: list[Path]) -> float | None:
    for folder in folders:
        for line in _text(folder / "cpu.stat").splitlines():
            key, _, value = line.partition(" ")
            if key == "usage_usec" and value.strip().isdigit():
                return int(value) / 1e6
        nano = _text(folder / "cpuacct.usage").strip()
        if nano.isdigit():
            return int(nano) / 1e9
    return None


def _cgroup_memory(folders: list[Path]) -> float | None:
    for folder in folders:
        for name in ("memory.current", "memory.usage_in_bytes"):
            told = _text(folder / name).strip()
            if told.isdigit():
                return float(told)
    return None


def _used_memory(meminfo: Path) -> float | None:
    told = dict(line.split(":", 1) for line in _text(meminfo).splitlines() if ":" in line)
    try:
        whole, free = (int(told[key].split()[0]) for key in ("MemTotal", "MemAvailable"))
    except (KeyError, ValueError, IndexError):
        return None
    return (whole - free) * 1024.0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
