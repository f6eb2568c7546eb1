"""MASK: a pruned chunk, as the map of what was kept, the signs of the zeros and the kept words.

The body is

    1 byte   how the signs of zeros are written: 0 plainly, 1 as the difference from the base's
    1 byte   how the map is written: 0 plainly, 1 as the difference from |base| > threshold
    1 byte   how kept words are written: 0 as by RAW, 1 as differences from the base
    word     the threshold, 0 without
    plane    the map: a bit a word, 1 = kept, the first in the highest bit of the first byte
    plane    a bit for each word that is not kept: the sign of its zero, packed likewise
    column   the kept words: plain ones, or small numbers

Pruning by magnitude keeps what is large in the base, so that its map is nearly free. A product with
a mask leaves -0 where a weight was negative; those signs are the base's, or noise at one bit each.
"""

import numpy as np
from numpy.typing import NDArray

from tenth.keep.codecs import columns, frames
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader, damaged
from tenth.keep.native.words import Words, words_of

_FEWEST = 0.05  # zeros, as a fraction, under which this is not worth trying

Bits = NDArray[np.bool_]


def encode(chunk: Chunk) -> bytes | None:
    """Map, signs and kept words, each in the smaller way; None where few words are zero."""
    words, under = chunk.words, chunk.under
    keep = magnitude(words) != 0
    pruned = words.size - int(np.count_nonzero(keep))
    if pruned < max(1, _FEWEST * words.size):
        return None
    signs, by_base = _signs(words, under, keep, pruned)
    bitmap, threshold = _bitmap(keep, pruned, under)
    places = np.flatnonzero(keep)
    values, subtracted = _values(words[places], None if under is None else under[places], chunk)
    head = bytes((by_base, threshold is not None, subtracted))
    return head + words.dtype.type(threshold or 0).tobytes() + bitmap + signs + values


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    out = target.out
    by_base, predicted, subtracted = source.byte(), source.byte(), source.byte()
    if max(by_base, predicted, subtracted) > 1:
        raise damaged("a mask has an unknown form")
    under = target.base_words() if by_base or predicted or subtracted else None
    threshold = words_of(source.take(out.itemsize), out.itemsize)[0]
    keep = _unpacked(source, out.size)
    if under is not None and predicted:
        keep ^= magnitude(under) > threshold
    places = np.flatnonzero(keep)
    negative = _unpacked(source, out.size - places.size)
    kept = np.empty(places.size, out.dtype)
    if under is not None and subtracted:
        columns.unpack_small(source, kept, under[places])
    else:
        columns.unpack(source, kept, target.dtype.exponent is not None)
    top = out.dtype.type(1 << (8 * out.itemsize - 1))
    out[:] = under & top if under is not None and by_base else 0
    if negative.any():
        out[np.flatnonzero(~keep)[negative]] ^= top
    out[places] = kept


def magnitude(words: Words) -> Words:
    """Words without their sign bit, which orders floats by magnitude."""
    return words & words.dtype.type((1 << (8 * words.itemsize - 1)) - 1)


def _negative(words: Words) -> Bits:
    return (words >> words.dtype.type(8 * words.itemsize - 1)).astype(bool)


def _packed(bits: Bits) -> bytes:
    return frames.pack(np.packbits(bits), "text")


def _unpacked(source: Reader, count: int) -> Bits:
    return np.unpackbits(frames.unpack(source, -(-count // 8)), count=count).astype(bool)


def _signs(words: Words, under: Words | None, keep: Bits, pruned: int) -> tuple[bytes, bool]:
    """The signs of zeros, packed, and whether as the difference from the base's."""
    negative = _negative(words)
    if not np.any(negative & ~keep):
        return _packed(np.zeros(pruned, bool)), False
    zeros = np.flatnonzero(~keep)
    plain = _packed(negative[zeros])
    if under is None:
        return plain, False
    other = _packed((negative ^ _negative(under))[zeros])
    return (other, True) if len(other) < len(plain) else (plain, False)


def _bitmap(keep: Bits, pruned: int, under: Words | None) -> tuple[bytes, int | None]:
    """The map, packed, and the threshold that predicts it where that is shorter."""
    plain = _packed(keep)
    if under is None:
        return plain, None
    sizes = magnitude(under)
    threshold = _largest(sizes, pruned)
    other = _packed(keep ^ (sizes > threshold))
    return (other, threshold) if len(other) < len(plain) else (plain, None)


def _largest(sizes: Words, count: int) -> int:
    """The largest of the `count` smallest."""
    if sizes.itemsize > 2:
        return int(np.partition(sizes, count - 1)[count - 1])
    return int(np.searchsorted(np.bincount(sizes).cumsum(), count))


def _values(words: Words, under: Words | None, chunk: Chunk) -> tuple[bytes, bool]:
    """The kept words as a column, and whether they are differences."""
    plain = columns.pack(words, chunk.dtype.exponent is not None, chunk.effort)
    if under is None:
        return plain, False
    other = columns.pack_small(words, under)
    return (other, True) if len(other) < len(plain) else (plain, False)
