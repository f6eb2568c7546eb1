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
    signs, by_base = _signs(words[~keep], None if under is None else under[~keep])
    bitmap, threshold = _bitmap(keep, pruned, under)
    values, subtracted = _values(words[keep], None if under is None else under[keep], chunk)
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
    negative = _unpacked(source, out.size - int(np.count_nonzero(keep)))
    if under is not None and by_base:
        negative ^= _negative(under[~keep])
    kept = np.empty(out.size - negative.size, out.dtype)
    if under is not None and subtracted:
        columns.unpack_small(source, kept, under[keep])
    else:
        columns.unpack(source, kept, target.dtype.exponent is not None)
    out[keep] = kept
    out[~keep] = negative.astype(out.dtype) << out.dtype.type(8 * out.itemsize - 1)


def magnitude(words: Words) -> Words:
    """Words without their sign bit, which orders floats by magnitude."""
    return words & words.dtype.type((1 << (8 * words.itemsize - 1)) - 1)


def _negative(words: Words) -> Bits:
    return (words >> words.dtype.type(8 * words.itemsize - 1)).astype(bool)


def _packed(bits: Bits) -> bytes:
    return frames.pack(np.packbits(bits), "text")


def _unpacked(source: Reader, count: int) -> Bits:
    return np.unpackbits(frames.unpack(source, -(-count // 8)), count=count).astype(bool)


def _signs(zeros: Words, under: Words | None) -> tuple[bytes, bool]:
    """The signs of zeros, packed, and whether as the difference from the base's."""
    negative = _negative(zeros)
    plain = _packed(negative)
    if under is None or not negative.any():
        return plain, False
    other = _packed(negative ^ _negative(under))
    return (other, True) if len(other) < len(plain) else (plain, False)


def _bitmap(keep: Bits, pruned: int, under: Words | None) -> tuple[bytes, int | None]:
    """The map, packed, and the threshold that predicts it where that is shorter."""
    plain = _packed(keep)
    if under is None:
        return plain, None
    sizes = magnitude(under)
    threshold = int(np.partition(sizes, pruned - 1)[pruned - 1])
    other = _packed(keep ^ (sizes > threshold))
    return (other, threshold) if len(other) < len(plain) else (plain, None)


def _values(words: Words, under: Words | None, chunk: Chunk) -> tuple[bytes, bool]:
    """The kept words as a column, and whether they are differences."""
    plain = columns.pack(words, chunk.dtype.exponent is not None, chunk.effort)
    if under is None:
        return plain, False
    other = columns.pack_small(words, under)
    return (other, True) if len(other) < len(plain) else (plain, False)
