"""A disk that is cut off at its n-th call: by a kill, by a power failure, or because it is full."""

import errno
import os
import random
import shutil
from pathlib import Path
from typing import Any

from tenth.keep.places import disk

CALLS = (
    *("make_folder", "create_file", "open_file", "write", "truncate", "sync_file", "sync_folder"),
    *("link", "replace", "remove"),
)


class Cut(BaseException):
    """The process ends here: no code of it that runs later reaches the disk."""


class Disk:
    """Stands in for `tenth.keep.places.disk` until its n-th call.

    It remembers what was not flushed. After a kill all of that is on the disk still. After a power
    failure any part of it may be: with `keep` 0 nothing, with 0.5 a random half; a file whose bytes
    were not flushed is cut, a name that was not flushed is absent, a removal that was not flushed
    did not happen. Nothing is really flushed here, which would only take time.
    """

    def __init__(self, monkeypatch: Any, at: int, *, full: bool = False) -> None:
        self.calls = 0
        self.names: list[str] = []
        self.dead = False
        self._at = at
        self._full = full
        self._handles: dict[int, Path] = {}
        self._loose: set[Path] = set()  # files with bytes that were not flushed
        self._new: dict[Path, set[Path]] = {}  # folder: names in it that were not flushed
        self._removed: dict[Path, list[tuple[Path, bytes]]] = {}
        for name in CALLS:
            real = getattr(disk, name)
            monkeypatch.setattr(disk, name, lambda *a, n=name, r=real: self._call(n, r, *a))

    def _call(self, name: str, real: Any, *arguments: Any) -> Any:
        if self.dead:
            raise Cut
        number = self.calls
        self.calls += 1
        self.names.append(name)
        if number == self._at:
            if name == "write":
                handle, data = arguments
                real(handle, memoryview(data)[: len(data) // 2])
                self._loose.add(self._handles[handle])
            if self._full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.dead = True
            raise Cut
        return getattr(self, f"_{name}")(real, *arguments)

    def _make_folder(self, real: Any, path: Path) -> None:
        if not path.exists():
            real(path)
            self._new.setdefault(path.parent, set()).add(path)

    def _create_file(self, real: Any, path: Path) -> int:
        handle = real(path)
        self._handles[handle] = path
        self._new.setdefault(path.parent, set()).add(path)
        return handle

    def _open_file(self, real: Any, path: Path) -> int:
        handle = real(path)
        self._handles[handle] = path
        return handle

    def _write(self, real: Any, handle: int, data: bytes) -> None:
        real(handle, data)
        self._loose.add(self._handles[handle])

    def _truncate(self, real: Any, handle: int, size: int) -> None:
        real(handle, size)
        self._loose.add(self._handles[handle])

    def _sync_file(self, real: Any, handle: int) -> None:
        self._loose.discard(self._handles[handle])

    def _sync_folder(self, real: Any, path: Path) -> None:
        self._new.pop(path, None)
        self._removed.pop(path, None)

    def _link(self, real: Any, source: Path, target: Path) -> None:
        real(source, target)
        self._moved(source, target)

    def _replace(self, real: Any, source: Path, target: Path) -> None:
        real(source, target)
        self._moved(source, target)

    def _moved(self, source: Path, target: Path) -> None:
        self._new.setdefault(target.parent, set()).add(target)
        if source in self._loose:
            self._loose.add(target)

    def _remove(self, real: Any, path: Path) -> None:
        if path.is_file():
            self._removed.setdefault(path.parent, []).append((path, path.read_bytes()))
        real(path)

    def power_failure(self, keep: float, seed: int = 0) -> None:
        """Take back what was not flushed, all but a random share `keep` of it."""
        chance = random.Random(seed)
        for path in sorted(self._loose):
            if path.is_file() and chance.random() >= keep:
                os.truncate(path, chance.randrange(path.stat().st_size + 1))
        for removed in self._removed.values():
            for path, data in removed:
                if path.parent.is_dir() and not path.exists() and chance.random() >= keep:
                    path.write_bytes(data)
        for names in self._new.values():
            for path in sorted(names, reverse=True):
                if chance.random() < keep:
                    continue
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.exists():
                    path.unlink()
