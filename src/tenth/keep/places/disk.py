"""The calls to a disk, one function each.

Everything that a store in a folder changes on the disk goes through here, so that the tests can
cut it off at every single call.
"""

import errno
import os
import sys
from pathlib import Path

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
# what network and FUSE mounts say that flush files only
_NO_FOLDERS = {errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_MOST_AT_ONCE = 2**30  # Linux writes at most 2 GiB - 4 KiB a call


def make_folder(path: Path) -> None:
    """Make one folder; one that is there is fine."""
    path.mkdir(exist_ok=True)


def create_file(path: Path) -> int:
    """A new file, open for writing; fails if the name is taken."""
    return os.open(path, _NEW, 0o666)


def open_file(path: Path) -> int:
    """A file that is there, open for writing, since Windows flushes no other."""
    return os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))


def write(handle: int, data: bytes | memoryview) -> None:
    """Write all bytes, in as many calls as it takes."""
    rest = memoryview(data).cast("B")
    while len(rest):
        rest = rest[os.write(handle, rest[:_MOST_AT_ONCE]) :]


def truncate(handle: int, size: int) -> None:
    """Cut a file off."""
    os.ftruncate(handle, size)


def sync_file(handle: int) -> None:
    """Wait until the bytes of a file are on the disk."""
    if sys.platform == "darwin":  # there fsync stops at the drive's own cache
        import fcntl

        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fsync(handle)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the file system can do that.

    Source: fsync_fname_ext in src/backend/storage/file/fd.c of PostgreSQL, for what others say.
    """
    if os.name == "nt":
        return  # Windows cannot open a folder, and writes names through
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDERS:
            raise
    finally:
        os.close(handle)


def link(source: Path, target: Path) -> None:
    """Give a file a second name; fails if the name is taken."""
    target.hardlink_to(source)


def replace(source: Path, target: Path) -> None:
    """Give a file another name, over what has it."""
    source.replace(target)


def remove(path: Path) -> None:
    """Remove a file; one that is not there is fine."""
    path.unlink(missing_ok=True)


def read(handle: int, start: int, size: int) -> bytes:
    """`size` bytes from `start` on.

    Raises:
        OSError: the disk failed, or the file became shorter in the meantime.
    """
    if not hasattr(os, "pread"):  # Windows
        with os.fdopen(os.dup(handle), "rb") as file:
            file.seek(start)
            return file.read(size)
    pieces: list[bytes] = []
    while size:
        piece = os.pread(handle, min(size, _MOST_AT_ONCE), start)
        if not piece:
            raise OSError(errno.EIO, "the file became shorter")
        pieces.append(piece)
        start += len(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
