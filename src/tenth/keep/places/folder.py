"""A store in a folder: written once, whole, durable, without locks."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from tenth.errors import ConflictError, DamagedError, InputError, MissingError, StoreError, must
from tenth.keep.places import disk
from tenth.keep.places.filling import filled, fresh_name, remove_quietly
from tenth.keep.places.keys import checked_key, checked_prefix, is_key
from tenth.keep.places.place import Entry
from tenth.keep.places.refusals import told

_READ = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe put in place of an object must not hang the reader
)
# what file systems without hard links say: FAT, exFAT, some network and FUSE mounts
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


class FolderPlace:
    """Objects as files below `root`.

    A file gets its bytes under a temporary name in tmp/ and is flushed; then a hard link gives it
    its own name, which fails if the name is taken, on any file system and without a lock; then the
    folder is flushed. Reading copies with pread and maps nothing: on a mapped file a bad disk or a
    cut-off file ends the process.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()
        self._safe: set[Path] = set()  # real folders inside the store, flushed with all above

    @property
    def url(self) -> str:
        """The folder."""
        return str(self.root)

    def __repr__(self) -> str:
        return f"FolderPlace({self.url!r})"

    def read(self, key: str, start: int = 0, size: int | None = None) -> bytes:
        """Bytes of an object (see `Place`)."""
        path = self._path(key)
        if start < 0 or (size is not None and size < 0):
            raise InputError(must("range to read", "of numbers from 0 on", f"{start}, {size}"))
        with self._told(key, "read"):
            handle = os.open(path, _READ)
            try:
                found = os.fstat(handle)
                if not stat.S_ISREG(found.st_mode) or not found.st_size:
                    raise MissingError(f"{key} in {self.url} is not there: no object has its name.")
                end = found.st_size if size is None else start + size
                if max(start, end) > found.st_size:
                    raise DamagedError(
                        f"{key} in {self.url} is cut short: it has {found.st_size} bytes, "
                        f"and {max(start, end)} were expected."
                    )
                return disk.read(handle, start, end - start)
            finally:
                os.close(handle)

    def create(self, key: str, data: bytes | Path) -> bool:
        """Write a new object, unless its key is taken (see `Place`)."""
        path = self._path(key)
        with self._told(key, "written"):
            self._make_safe(path.parent)
            if self._taken(path, key):
                return False
            temporary = filled(data, self.scratch())
            try:
                return self._publish(temporary, path, key)
            finally:
                if temporary is not data:
                    remove_quietly(temporary)

    def entry(self, key: str) -> Entry | None:
        """What is known of an object (see `Place`)."""
        path = self._path(key)
        with self._told(key, "read"):
            try:
                found = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        if not stat.S_ISREG(found.st_mode) or not found.st_size:
            return None
        return Entry(key, found.st_size, found.st_mtime)

    def size(self, key: str) -> int | None:
        """The bytes of an object (see `Place`)."""
        entry = self.entry(key)
        return None if entry is None else entry.size_bytes

    def list(self, prefix: str) -> Iterator[Entry]:
        """The objects below a prefix (see `Place`); links and other special files are none."""
        folders = [checked_prefix(prefix)]
        while folders:
            below = folders.pop()
            with self._told(below, "listed"):
                try:
                    names = os.scandir(self.root / below)
                except (FileNotFoundError, NotADirectoryError):
                    continue
                with names:
                    found = [*names]
            for item in found:
                key = below + item.name
                if not is_key(key):
                    continue  # what an operating system leaves in folders
                if item.is_dir(follow_symlinks=False):
                    folders.append(f"{key}/")
                elif item.is_file(follow_symlinks=False):
                    try:
                        about = item.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # deleted since the folder was read
                    yield Entry(key, about.st_size, about.st_mtime)

    def delete(self, key: str) -> None:
        """Remove an object (see `Place`)."""
        path = self._path(key)
        with self._told(key, "deleted"):
            if path.parent.exists():
                self._make_safe(path.parent)
                disk.remove(path)

    def remove_empty(self, folder: str, before_seconds: float) -> None:
        """Remove the empty folders directly in `folder` that nobody touched since then."""
        with self._told(folder, "deleted"):
            if not (self.root / folder).is_dir():
                return
            for path in (self.root / folder).iterdir():
                # one that is not empty, or is gone by now, is left
                with suppress(OSError):
                    if not path.is_symlink() and path.stat().st_mtime < before_seconds:
                        path.rmdir()

    def scratch(self) -> Path:
        """The folder tmp/ of the store."""
        folder = self.root / "tmp"
        with self._told("tmp", "written"):
            self._make_safe(folder)
        return folder

    def clock(self) -> float:
        """The time that the file system gives a new file."""
        path = self.scratch() / fresh_name()
        with self._told("tmp", "written"):
            handle = disk.create_file(path)
            try:
                disk.write(handle, b"\0")  # some file systems date a file by its first bytes
                return os.fstat(handle).st_mtime
            finally:
                os.close(handle)
                remove_quietly(path)

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    def _taken(self, path: Path, key: str) -> bool:
        try:
            size = path.lstat().st_size
        except FileNotFoundError:
            return False
        if not size:
            raise ConflictError(
                f"{key} in {self.url} is being written by somebody else, or a crash cut this off. "
                "Try again; gc clears it away after its grace period."
            )
        disk.sync_folder(path.parent)  # the other writer may not have come so far
        return True

    def _make_safe(self, folder: Path) -> None:
        """Make a folder of the store, and see that it is real and stays there."""
        if folder in self._safe:
            return
        if folder != self.root:
            self._make_safe(folder.parent)
            disk.make_folder(folder)
            if folder.is_symlink():
                raise StoreError(f"{folder} is a link, and a store writes only inside its folder.")
            disk.sync_folder(folder.parent)
        elif not folder.is_dir():
            raise MissingError(f"the folder {self.url} of the store is not there.")
        self._safe.add(folder)

    def _publish(self, temporary: Path, path: Path, key: str) -> bool:
        """Give a flushed file its name; False if the name is taken."""
        while True:
            try:
                self._name(temporary, path)
            except FileExistsError:
                if self._taken(path, key):
                    return False
                continue  # it was deleted in between
            disk.sync_folder(path.parent)
            return True

    def _name(self, temporary: Path, path: Path) -> None:
        try:
            disk.link(temporary, path)
        except OSError as error:
            if isinstance(error, FileExistsError) or error.errno not in _NO_LINKS:
                raise
            # claim the name by an empty file, which counts as no object, and put ours over it
            os.close(disk.create_file(path))
            try:
                disk.replace(temporary, path)
            except OSError:
                remove_quietly(path)
                raise

    def _told(self, key: str, doing: str) -> AbstractContextManager[None]:
        return told(self.url, key, doing)
