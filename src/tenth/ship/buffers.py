"""Memory that a program is given, and where it is."""

import ctypes
from typing import Any

import numpy as np

from tenth.errors import InputError, must
from tenth.ship.emit.memory import ALIGNMENT


class Arena:
    """Memory of one call, and where it is: numpy takes a microsecond to tell.

    Raises:
        InputError: there is not so much memory.
    """

    def __init__(self, size_bytes: int) -> None:
        self.memory = aligned(size_bytes)
        self.address, self.size_bytes = self.memory.ctypes.data, self.memory.nbytes


def address_of(array: Any) -> int:
    """Where the numbers of a contiguous numpy array begin."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    except (TypeError, ValueError):  # read-only or empty: only numpy tells, and takes longer
        return array.ctypes.data


def aligned(size_bytes: int) -> np.ndarray:
    """Memory that starts where an arena must start.

    Raises:
        InputError: there is not so much memory.
    """
    try:
        room = np.empty(size_bytes + ALIGNMENT, np.uint8)
    except MemoryError as error:
        raise InputError(
            must(
                "a program's memory",
                "smaller than that at hand",
                f"{size_bytes} bytes",
                "Use smaller inputs.",
            )
        ) from error
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size_bytes]
