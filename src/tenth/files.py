"""Writing files so that no crash, full disk or ctrl-C leaves half of one behind."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenth.errors import OutputError, must


def _refused(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or type(error).__name__
    return OutputError(f"{path} cannot be written: {reason}. Choose another place with --out.")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; on success flush it to disk and rename it to `path`.

    On any failure, ctrl-C included, the temporary file is removed and `path` is as it was.

    Raises:
        OutputError: the disk is full, or the place cannot be written.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise _refused(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        # mkstemp makes private files; a result is as readable as any other new file
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a whole file or nothing (see `atomic_path`)."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write a whole UTF-8 text file or nothing (see `atomic_path`)."""
    write_bytes(path, text.encode("utf-8"))


def output_file(path: str | Path) -> Path:
    """See, before what is dear is computed, that a file can be written as `path`.

    Raises:
        OutputError: it is a folder, or its folder is missing or cannot be written.
    """
    path = Path(path)
    try:
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent):
            folder = path.is_dir()
    except OSError as error:
        raise _refused(path, error) from error
    if folder:
        raise OutputError(must(f"output file {path}", "a file", "a folder", "Name another one."))
    return path


def output_folder(path: str | Path) -> Path:
    """Make the folder `path` if need be, and see that files can be made in it.

    Raises:
        OutputError: it is a file, or cannot be made or written.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise OutputError(must(f"output folder {path}", "a folder", "a file", "Name another one."))
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(b"\0")
    except OSError as error:
        raise _refused(path, error) from error
    return path
