"""The inner loops of the codecs in C, and the same in numpy, bit for bit.

    planes    byte planes to words and back
    rans      an entropy coder for small signed numbers; twin is its other half in numpy
    patch     adding differences in places
    product   a thin product of whole numbers

The C is compiled once, for this very processor (see `tenth.kernels.library`). Without a compiler
numpy does the same work: byte planes at half the speed, the entropy coder at a hundredth.
"""

import ctypes
import sys
import threading
from functools import cache
from pathlib import Path

from tenth.errors import CompileError
from tenth.kernels.library import load

_building = threading.Lock()


def kernel() -> ctypes.CDLL | None:
    """The library of `c/`, or None where there is no compiler; one for the whole process."""
    with _building:  # threads that meet here first would each compile it
        return _kernel()


@cache
def _kernel() -> ctypes.CDLL | None:
    if sys.byteorder != "little":
        return None  # words are little-endian in payloads, and native in C
    try:
        return load("keep", Path(__file__).parent / "c")
    except CompileError:
        return None
