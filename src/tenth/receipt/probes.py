"""Instruments every machine has: the processor's clock and the peak of memory."""

import os
import sys
import threading
import time
from pathlib import Path

from tenth.figures import Figure

_SELF = Path("/proc/self")


def cpu_seconds() -> float:
    """Processor time of this process and of the children that have ended, all threads."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


class PeakMemory:
    """The largest resident memory of this process between `start` and `stop`.

    Linux keeps one such mark a process and lets the process set it back. So that peaks of nested
    or parallel stretches do not spoil each other, each reading is shared with all that are open.
    Setting the mark back also lowers what `getrusage` calls the maximum. Where the mark cannot be
    set back, only a bound is known: the maximum since the process began.
    """

    _open: list["PeakMemory"] = []  # noqa: RUF012  # one for the process, as the mark itself is
    _lock = threading.Lock()

    def __init__(self) -> None:
        self._peak = 0
        self._resettable = False

    def start(self) -> None:
        """Begin a stretch."""
        with self._lock:
            self._share()
            self._resettable = _reset_mark()
            self._peak = _status_bytes("VmRSS") or 0
            self._open.append(self)

    def stop(self) -> None:
        """End the stretch."""
        with self._lock:
            self._share()
            self._open.remove(self)

    def figure(self) -> Figure:
        """The peak so far, in bytes."""
        with self._lock:
            if self in self._open:
                self._share()
        if self._resettable:
            return Figure(
                self._peak, "bytes", label="measured", source="high-water mark of Linux (VmHWM)"
            )
        most = _lifetime_peak()
        if most is None:
            return Figure(None, "bytes", reason="this system tells no peak of memory")
        return Figure(
            most,
            "bytes",
            min(self._peak, most),
            most,
            label="measured",
            source="getrusage, since the process began: an upper bound",
        )

    @classmethod
    def _share(cls) -> None:
        mark = _status_bytes("VmHWM") or 0
        for stretch in cls._open:
            stretch._peak = max(stretch._peak, mark)


def _reset_mark() -> bool:
    try:
        (_SELF / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _status_bytes(key: str) -> int | None:
    try:
        text = (_SELF / "status").read_text()
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return None


def _lifetime_peak() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
