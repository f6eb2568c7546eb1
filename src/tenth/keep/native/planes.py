"""Byte planes to words and back, with what RAW and SUB do to each word in the same pass.

RAW rotates a word left by one; SUB takes the base's word away and adds `BIAS`.
"""

import ctypes
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tenth.keep import native
from tenth.keep.native.words import Words

BIAS = {1: 0x00, 2: 0x0080, 4: 0x00808080, 8: 0x0080808080808080}
_BLOCK = 1 << 16  # words at once in numpy, so that they stay in the cache

Planes = Sequence[NDArray[np.uint8]]


def split(words: Words) -> list[NDArray[np.uint8]]:
    """The byte planes of words, the lowest first."""
    table = np.ascontiguousarray(words).view(np.uint8).reshape(-1, words.itemsize)
    return [np.ascontiguousarray(table[:, plane]) for plane in range(words.itemsize)]


def split_difference(words: Words, under: Words) -> list[NDArray[np.uint8]]:
    """The planes of words - under + bias, modulo the word."""
    library = _calls() if words.itemsize in (2, 4) else None
    if library is None:
        return split(words - under + words.dtype.type(BIAS[words.itemsize]))
    return _split(library, words, under)


def split_turned(words: Words) -> list[NDArray[np.uint8]]:
    """The planes of words rotated left by one."""
    library = _calls() if words.itemsize in (2, 4) else None
    if library is None:
        one = words.dtype.type(1)
        return split((words << one) | (words >> words.dtype.type(8 * words.itemsize - 1)))
    return _split(library, words, None)


def join(planes: Planes, out: Words) -> None:
    """Inverse of `split`."""
    for _ in _joined(planes, out):
        pass


def join_difference(planes: Planes, under: Words, out: Words) -> None:
    """Inverse of `split_difference`."""
    library = _calls() if out.itemsize in (2, 4) else None
    if library is not None:
        _check(planes, under, out)
        if out.itemsize == 2:
            library.tenth_keep_add2(*_at(*planes, under, out), out.size)
        else:
            library.tenth_keep_add4(_list(planes), *_at(under, out), out.size)
        return
    bias = out.dtype.type(BIAS[out.itemsize])
    for start in _joined(planes, out):
        block = out[start : start + _BLOCK]
        np.add(block, under[start : start + _BLOCK], out=block)
        np.subtract(block, bias, out=block)


def join_turned(planes: Planes, out: Words) -> None:
    """Inverse of `split_turned`."""
    library = _calls() if out.itemsize in (2, 4) else None
    if library is not None:
        _check(planes, out, out)
        if out.itemsize == 2:
            library.tenth_keep_turn2(*_at(*planes, out), out.size)
        else:
            library.tenth_keep_turn4(_list(planes), *_at(out), out.size)
        return
    for start in _joined(planes, out):
        block = out[start : start + _BLOCK]
        low = block << out.dtype.type(8 * out.itemsize - 1)
        np.right_shift(block, 1, out=block)
        np.bitwise_or(block, low, out=block)


def _joined(planes: Planes, out: Words) -> Iterator[int]:
    """Join block after block, and tell where each begins once it is joined."""
    for start in range(0, out.size, _BLOCK):
        block = out[start : start + _BLOCK]
        block[:] = planes[-1][start : start + _BLOCK]
        for plane in planes[-2::-1]:
            np.left_shift(block, 8, out=block)
            np.bitwise_or(block, plane[start : start + _BLOCK], out=block)
        yield start


def _split(library: ctypes.CDLL, words: Words, under: Words | None) -> list[NDArray[np.uint8]]:
    planes = [np.empty(words.size, np.uint8) for _ in range(words.itemsize)]
    _check(planes, words if under is None else under, words)
    base = None if under is None else under.ctypes.data
    if words.itemsize == 2:
        library.tenth_keep_split2(words.ctypes.data, base, *_at(*planes), words.size)
    else:
        library.tenth_keep_split4(words.ctypes.data, base, _list(planes), words.size)
    return planes


def _check(planes: Planes, under: Words, out: Words) -> None:
    """What the C relies on; a caller that breaks it is wrong, whatever was read."""
    arrays = (*planes, under, out)
    if len(planes) != out.itemsize or under.dtype != out.dtype:
        raise ValueError("planes and words do not belong together")
    if any(array.size != out.size or not array.flags.c_contiguous for array in arrays):
        raise ValueError("planes and words must be contiguous and of one length")


def _at(*arrays: NDArray) -> list[int]:
    return [array.ctypes.data for array in arrays]


def _list(planes: Planes) -> ctypes.Array:
    return (ctypes.c_void_p * len(planes))(*_at(*planes))


@cache
def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    address, size = ctypes.c_void_p, ctypes.c_int64
    counts = {"add2": 4, "add4": 3, "turn2": 3, "turn4": 2, "split2": 4, "split4": 3}
    for name, addresses in counts.items():
        call = getattr(library, f"tenth_keep_{name}")
        call.argtypes, call.restype = [address] * addresses + [size], None
    return library


def _calls() -> ctypes.CDLL | None:
    library = native.kernel()
    return None if library is None else _declared(library)
