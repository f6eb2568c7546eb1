"""Adding differences in rising places, which are checked before anything is written there."""

import ctypes
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tenth.keep import native
from tenth.keep.native.words import Words


def add(out: Words, gaps: NDArray[np.uint32], differences: Words) -> bool:
    """Add each difference to its word of `out`, modulo the word, in place.

    Args:
        gaps: words passed over before each one that is changed, since the last one.
        differences: as many, of the type of `out`.

    Returns:
        Whether all places are within `out`; if not, some words may have been changed.
    """
    if gaps.size != differences.size or differences.dtype != out.dtype:
        raise ValueError("gaps and differences do not belong together")
    library = _calls() if out.itemsize in (1, 2, 4) else None
    if library is None:
        at = np.cumsum(gaps.astype(np.int64) + 1) - 1
        if at.size and at[-1] >= out.size:
            return False
        out[at] += differences
        return True
    if not all(array.flags.c_contiguous for array in (out, gaps, differences)):
        raise ValueError("words must be contiguous")
    return bool(
        library.tenth_keep_patch(
            *(array.ctypes.data for array in (out, gaps, differences)),
            gaps.size,
            out.size,
            out.itemsize,
        )
    )


@cache
def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    address, size = ctypes.c_void_p, ctypes.c_int64
    library.tenth_keep_patch.argtypes = [address, address, address, size, size, size]
    library.tenth_keep_patch.restype = size
    return library


def _calls() -> ctypes.CDLL | None:
    library = native.kernel()
    return None if library is None else _declared(library)
