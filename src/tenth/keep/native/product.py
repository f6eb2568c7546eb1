"""A thin product of whole numbers in float64, without the threads that a BLAS brings."""

import ctypes
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tenth.keep import native


def product(
    left: NDArray[np.float64], right: NDArray[np.float64], unit: float
) -> NDArray[np.float64]:
    """The product left @ right, times `unit`.

    Args:
        left: whole numbers [rows, rank].
        right: whole numbers [rank, columns]; every partial sum is below 2^53.
        unit: a power of two.
    """
    library = native.kernel()
    if library is None:
        return left @ right * unit
    left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
    rows, rank = left.shape
    if right.shape[0] != rank:
        raise ValueError("factors must be of one rank")
    out = np.empty((rows, right.shape[1]))
    addresses = (array.ctypes.data for array in (left, right, out))
    _declared(library).tenth_keep_product(*addresses, rows, right.shape[1], rank, unit)
    return out


@cache
def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    address, size = ctypes.c_void_p, ctypes.c_int64
    library.tenth_keep_product.argtypes = [address] * 3 + [size] * 3 + [ctypes.c_double]
    library.tenth_keep_product.restype = None
    return library
