"""Temporary files on their way into a folder of a store."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from tenth.errors import InputError, must
from tenth.keep.places import disk

_STEP = 1 << 20


def fresh_name() -> str:
    """A name for a temporary file that no other process chooses."""
    return f"{secrets.token_hex(8)}.tmp"


def filled(data: bytes | Path, folder: Path) -> Path:
    """A flushed file in `folder` that holds `data`; a file that lies there is taken as it is.

    Raises:
        InputError: there is not one byte.
        OSError: the disk refused; then no temporary file is left, unless it was given.
    """
    path = data if isinstance(data, Path) and data.parent == folder else folder / fresh_name()
    try:
        handle = disk.open_file(path) if path is data else disk.create_file(path)
        try:
            if path is not data:
                for piece in _pieces(data):
                    disk.write(handle, piece)
            if not os.fstat(handle).st_size:
                raise InputError(must("object of a store", "at least one byte", "none"))
            disk.sync_file(handle)
        finally:
            os.close(handle)
    except BaseException:
        if path is not data:
            remove_quietly(path)
        raise
    return path


def remove_quietly(path: Path) -> None:
    """Remove a temporary file; one that cannot be removed is left to gc."""
    try:
        disk.remove(path)
    except OSError:
        return


def _pieces(data: bytes | Path) -> Iterator[bytes]:
    if not isinstance(data, Path):
        yield data
        return
    with data.open("rb") as file:
        while piece := file.read(_STEP):
            yield piece
