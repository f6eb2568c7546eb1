"""Ctrl-C before any line of the code that stores, which no signal hits twice at the same point.

Lines of `with` are left out: a trace sees them again on the way out, where no signal comes between
the block and the release of its lock.
"""

import linecache
import sys
from pathlib import Path

import tenth.keep

KEEP = Path(tenth.keep.__file__).parent
PACKS = (str(KEEP / "packs"), str(KEEP / "places"))


class Interrupted:
    """Raises KeyboardInterrupt before the n-th line of this thread in `folders`, once armed."""

    def __init__(self, at, folders=(str(KEEP),), *, armed=True):
        self.left = at
        self.armed = armed
        self._folders = folders

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)

    def _call(self, frame, event, _):
        return self._line if frame.f_code.co_filename.startswith(self._folders) else None

    def _line(self, frame, event, _):
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and self.armed and not line.startswith("with "):
            self.left -= 1
            if self.left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self._line
