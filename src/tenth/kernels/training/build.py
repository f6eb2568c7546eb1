"""The library of training kernels: built once for each processor, compiler and text, then kept.

    from tenth.kernels.training import library
    library().tenth_linear_forward(...)

To add kernels, add a file to `c/`: include "vectors.h" for vectors and "threads.h" for threads,
mark what Python calls with EXPORT, and begin its name with `tenth_`. ctypes declarations stand
beside the callers, `library().tenth_x.argtypes = [c_void_p, c_int64, ...]`.
"""

import ctypes
from functools import cache
from pathlib import Path

from tenth.kernels.library import load

_HERE = Path(__file__).parent / "c"
_INCLUDED = Path(__file__).parent.parent / "c"


@cache
def library() -> ctypes.CDLL:
    """All kernels of `c/`, loaded; one library for the whole process (see `library.load`).

    Raises:
        CompileError: there is no compiler, or it failed, or its library cannot be loaded.
    """
    return load("training", _HERE, sorted(_INCLUDED.glob("*.c")))
