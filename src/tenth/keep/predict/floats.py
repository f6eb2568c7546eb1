"""Raw words to floats and back, the same on every machine.

Where a processor computes, numbers too small for a float32's exponent count as zero, so that one
which was told to flush them gives the same words; every NaN becomes the one quiet NaN that has no
sign.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tenth.keep.native.words import Words

FLOATS: Mapping[str, int] = MappingProxyType({"F16": 10, "BF16": 7, "F32": 23, "F64": 52})
"""The types that are cast and predicted, and the bits of their mantissa."""

_EXPONENT, _SIGN = np.uint32(0x7F800000), np.uint32(0x80000000)
_SMALLEST = 2.0**-126


def singles(words: Words, dtype: str) -> NDArray[np.float32]:
    """The values of words of F16, BF16 or F32, all of them, small ones too."""
    if dtype == "F16":
        with np.errstate(invalid="ignore"):  # a signalling NaN
            return words.view(np.float16).astype(np.float32)
    wide = words.astype(np.uint32)
    if dtype == "BF16":
        np.left_shift(wide, np.uint32(16), out=wide)
    return wide.view(np.float32)


def from_singles(values: NDArray[np.float32], dtype: str) -> Words:
    """Values rounded to words of F16, BF16 or F32, to even."""
    if dtype == "F32":
        return _clean(values.view(np.uint32).copy(), values, 0x7FC00000)
    if dtype == "F16":
        with np.errstate(over="ignore", invalid="ignore"):
            return _clean(values.astype(np.float16).view(np.uint16), values, 0x7E00)
    bits = values.view(np.uint32)
    half = (bits >> np.uint32(16)) & np.uint32(1)
    np.add(half, bits, out=half)
    np.add(half, np.uint32(0x7FFF), out=half)
    np.right_shift(half, np.uint32(16), out=half)
    return _clean(half.astype(np.uint16), values, 0x7FC0)


def widen(words: Words, dtype: str) -> NDArray[np.float64]:
    """The values of words of a type in `FLOATS`."""
    if dtype == "F64":
        return words.view(np.float64)
    single = singles(words, dtype)
    bits = single.view(np.uint32)
    np.bitwise_and(bits, _SIGN, out=bits, where=(bits & _EXPONENT) == 0)
    with np.errstate(invalid="ignore"):
        return single.astype(np.float64)


def narrow(values: NDArray[np.float64], dtype: str) -> Words:
    """Values rounded to words of a type: to float32, then to the type, each time to even."""
    if dtype == "F64":
        return _clean(values.view(np.uint64).copy(), values, 0x7FF8 << 48)
    small = np.abs(values) < _SMALLEST
    if small.any():
        values = np.where(small, np.copysign(0.0, values), values)
    with np.errstate(over="ignore", invalid="ignore"):
        return from_singles(values.astype(np.float32), dtype)


def ulp(words: Words, dtype: str) -> NDArray[np.float64]:
    """The distance from each finite value to the next one."""
    mantissa = FLOATS[dtype]
    bits = 8 * words.itemsize - 1 - mantissa
    exponents = np.maximum(np.arange(1 << bits), 1) - ((1 << (bits - 1)) - 1 + mantissa)
    table = np.exp2(exponents.astype(np.float64))
    top = words.dtype.type((1 << bits) - 1)
    return table[(words >> words.dtype.type(mantissa)) & top]


def _clean(words: Words, values: NDArray, quiet: int) -> Words:
    nan = np.isnan(values)
    if nan.any():
        words[nan] = quiet
    return words
