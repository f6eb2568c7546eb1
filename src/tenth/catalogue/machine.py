"""What this machine says of itself: threads that may be used, memory, the name of its CPU.

Limits of the container count: a process that may use 2 of 64 threads has 2.
"""

import os
import platform
from pathlib import Path

_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
_CPU_INFO = Path("/proc/cpuinfo")


def threads() -> int:
    """Threads that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        usable = len(os.sched_getaffinity(0))
    else:
        usable = os.cpu_count() or 1
    quota, _, period = _text(_CPU_QUOTA).partition(" ")
    if quota.isdigit() and period.strip().isdigit():
        usable = min(usable, int(quota) // int(period))
    return max(1, usable)


def memory_bytes() -> int | None:
    """Memory that this process may use; None where the system does not say."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    limit = _text(_MEMORY_LIMIT).strip()
    return min(whole, int(limit)) if limit.isdigit() else whole


def cpu_name() -> str:
    """The CPU as it calls itself."""
    for line in _text(_CPU_INFO).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine() or "unnamed CPU"


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
