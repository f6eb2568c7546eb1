"""A column of words: how residuals, gaps and plain weights are written within a payload.

A column's count and word size are known to the reader. It is one byte for its form, then

    0  byte planes, the lowest first (see `frames`)
"""

import numpy as np

from tenth.keep.codecs import frames
from tenth.keep.codecs.payload import WORD_TYPES, Reader, Words, damaged

_PLANES = 0
_BLOCK = 1 << 16  # words that are joined at once, so that they stay in the cache


def pack(words: Words, effort: str = "noise") -> bytes:
    """Words as a column."""
    return bytes((_PLANES,)) + _packed_planes(words, effort)


def unpack(source: Reader, out: Words) -> None:
    """Read the next column into `out`, all of which is written.

    Raises:
        FormatError: the column is damaged.
    """
    form = source.byte()
    if form != _PLANES:
        raise damaged(f"a column has the unknown form {form}")
    planes = [frames.unpack(source, out.size) for _ in range(out.itemsize)]
    for start in range(0, out.size, _BLOCK):
        _join([plane[start : start + _BLOCK] for plane in planes], out[start : start + _BLOCK])


def column(source: Reader, count: int, word: int) -> Words:
    """The next column of `count` words, in memory of its own."""
    out = np.empty(count, WORD_TYPES[word])
    unpack(source, out)
    return out


def _packed_planes(words: Words, effort: str) -> bytes:
    table = np.ascontiguousarray(words).view(np.uint8).reshape(-1, words.itemsize)
    return b"".join(
        frames.pack(np.ascontiguousarray(table[:, plane]), effort)
        for plane in range(words.itemsize)
    )


def _join(planes: list[np.ndarray], out: Words) -> None:
    out[:] = planes[-1]
    for plane in planes[-2::-1]:
        np.left_shift(out, 8, out=out)
        np.bitwise_or(out, plane, out=out)
