"""Whether a process computes on an accelerator, by the device files that it holds open."""

import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
# opened by whoever computes, and not by whoever only reads meters
_COMPUTING = ("/dev/nvidia-uvm", "/dev/kfd")


def computes(proc: Path = _PROC, pid: int | None = None) -> bool | None:
    """Whether this process or a living descendant has an accelerator open for computing.

    None where the system does not say.
    """
    own = proc / str(os.getpid() if pid is None else pid)
    if not (own / "fd").is_dir():
        return None
    return any(_holds(process) for process in _family(proc, own))


def _holds(process: Path) -> bool:
    try:
        return any(str(link.readlink()) in _COMPUTING for link in (process / "fd").iterdir())
    except OSError:  # it has ended, or is another user's
        return False


def _family(proc: Path, own: Path) -> Iterator[Path]:
    yield own
    for task in own.glob("task/*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(proc, proc / child)
