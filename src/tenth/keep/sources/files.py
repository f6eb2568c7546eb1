"""What a user has on disk, seen as runs of bytes of which some are tensors."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from tenth.errors import InputError, must

# without O_NONBLOCK, a pipe that took the file's place would be waited for; O_BINARY is Windows'
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

Kind = Literal["folder", "adapter", "safetensors", "small", "torch", "file"]


class TensorInfo(NamedTuple):
    """A tensor as its file describes it; `dtype` is written as safetensors writes it."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class Segment(NamedTuple):
    """Bytes [start, start + size) of a file: a tensor, rows first, or anything else."""

    start: int
    size: int
    tensor: TensorInfo | None = None


class Stamp(NamedTuple):
    """What changes when a file does: its place on the disk, its length, its time of change."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True)
class SourceFile:
    """One file of a source: `name` is relative, with "/"; the segments cover it exactly, in order.

    An empty tensor has a segment of 0 bytes. `kind` says how the file was understood.
    """

    name: str
    path: Path
    stamp: Stamp
    segments: tuple[Segment, ...]
    kind: Kind = "file"

    @property
    def size_bytes(self) -> int:
        """Length of the file when it was looked at."""
        return self.stamp.size_bytes

    @contextmanager
    def reading(self) -> Iterator["Reading"]:
        """Open the file for reading; on leaving without an error it must be as it was.

        Raises:
            InputError: the file cannot be read, is gone, or has changed since it was looked at.
        """
        with reading(self.path, self.stamp) as opened:
            yield opened


@dataclass(frozen=True)
class Source:
    """All files of a model, in the order of their names.

    `hints` are the bases that it names itself, the surest first; `warnings` tells what was left out
    or could not be understood.
    """

    files: tuple[SourceFile, ...]
    hints: tuple[str, ...] = ()
    kind: Kind = "file"
    warnings: tuple[str, ...] = field(default=())

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.size_bytes for file in self.files)


class Reading:
    """An open file, read by place from any thread."""

    def __init__(self, path: Path, handle: int, stamp: Stamp) -> None:
        self.stamp = stamp
        self._path = path
        self._handle = handle
        self._lock = threading.Lock()

    def read(self, start: int, size: int) -> bytes:
        """`size` bytes from `start` on.

        Raises:
            InputError: the file cannot be read, or has become shorter.
        """
        buffer = bytearray(size)
        self.read_into(start, memoryview(buffer))
        return bytes(buffer)

    def read_into(self, start: int, out: memoryview) -> None:
        """As `read`, into memory that is there already."""
        done = 0
        while done < len(out):
            try:
                count = self._read_some(start + done, out[done:])
            except OSError as error:
                raise unreadable(self._path, error) from error
            if count == 0:
                raise _changed(self._path, "it became shorter")
            done += count

    def _read_some(self, start: int, out: memoryview) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._handle, [out], start)
        with self._lock:
            os.lseek(self._handle, start, os.SEEK_SET)
            data = os.read(self._handle, len(out))
        out[: len(data)] = data
        return len(data)

    def check(self) -> None:
        """See that neither the open file nor the one of this name has changed.

        Raises:
            InputError: it has.
        """
        opened = _stamp_of(os.fstat(self._handle))
        named = stamp_of(self._path)
        if opened != self.stamp:
            raise _changed(self._path, "it was written to")
        if named != self.stamp:
            raise _changed(self._path, "another file took its place")


@contextmanager
def reading(path: Path, stamp: Stamp | None = None) -> Iterator[Reading]:
    """Open a regular file; if `stamp` is given the file must have it, before and after.

    Raises:
        InputError: the file cannot be read, is no regular file, or has changed.
    """
    expected = stamp_of(path) if stamp is None else stamp
    try:
        handle = os.open(path, _FLAGS)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        opened = Reading(path, handle, expected)
        opened.check()
        yield opened
        opened.check()
    finally:
        os.close(handle)


def stamp_of(path: Path) -> Stamp:
    """The stamp of a regular file; links are followed.

    Raises:
        InputError: it is not there, cannot be looked at, or is no regular file.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        remedy = "Pipes, devices and sockets cannot be kept."
        raise InputError(must(f"{path}", "a regular file", _sort(found.st_mode), remedy))
    return _stamp_of(found)


def _stamp_of(found: os.stat_result) -> Stamp:
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _sort(mode: int) -> str:
    sorts = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    )
    return next((word for test, word in sorts if test(mode)), "a device")


def unreadable(path: Path, error: OSError) -> InputError:
    """The error of a file that the system does not give."""
    reason = error.strerror or type(error).__name__
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        reason = f"a link to {str(path.readlink())[:200]}, which is not there"
    return InputError(must(f"{path}", "a file that can be read", reason))


def _changed(path: Path, how: str) -> InputError:
    remedy = "Wait until nothing writes to it, and try again."
    return InputError(must(f"{path}", "left alone while it is read", how, remedy))
