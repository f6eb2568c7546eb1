"""MASK: a pruned chunk, as the map of what was kept and the kept words.

The body is

    1 byte   what stands in pruned places: 0 zero, 1 zero with the sign of the base (w * 0)
    1 byte   how the map is written: 0 plainly, 1 as the difference from |base| > threshold
    1 byte   how kept words are written: 0 rotated, 1 as differences from the base
    word     the threshold, 0 without
    plane    the map, a bit a word, the first in the highest bit of the first byte
    column   the kept words: plain ones, or differences as small numbers

Pruning by magnitude keeps what is large in the base, so its map is nearly free.
"""

import numpy as np

from tenth.keep.codecs import columns, frames
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader, damaged
from tenth.keep.native.words import Words, words_of

_FEWEST = 0.05  # pruned words, as a fraction, under which this is not worth trying


def encode(chunk: Chunk) -> bytes | None:
    """Map and kept words, each way that applies tried; None where few words are zero."""
    words, under = chunk.words, chunk.under
    least = max(1, _FEWEST * words.size)
    if np.count_nonzero(magnitude(words) == 0) < least:
        return None
    fills = (
        [np.zeros((), words.dtype)] if under is None else [np.zeros((), words.dtype), signs(under)]
    )
    kept = [words != fill for fill in fills]
    signed = int(np.argmin([np.count_nonzero(keep) for keep in kept]))
    keep = kept[signed]
    if words.size - np.count_nonzero(keep) < least:
        return None
    bitmap, threshold = _bitmap(keep, under)
    values, subtracted = _values(words[keep], None if under is None else under[keep], chunk)
    head = bytes((signed, threshold is not None, subtracted))
    return head + words.dtype.type(threshold or 0).tobytes() + bitmap + values


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    out = target.out
    signed, predicted, subtracted = source.byte(), source.byte(), source.byte()
    if max(signed, predicted, subtracted) > 1:
        raise damaged("a mask has an unknown form")
    under = target.base_words() if signed or predicted or subtracted else None
    threshold = words_of(source.take(out.itemsize), out.itemsize)[0]
    bits = np.unpackbits(frames.unpack(source, -(-out.size // 8)), count=out.size).astype(bool)
    if under is not None and predicted:
        bits ^= magnitude(under) > threshold
    kept = np.empty(int(np.count_nonzero(bits)), out.dtype)
    if under is not None and subtracted:
        columns.unpack_small(source, kept, under[bits])
    else:
        columns.unpack(source, kept, target.dtype.exponent is not None)
    out[:] = signs(under) if under is not None and signed else 0
    out[bits] = kept


def magnitude(words: Words) -> Words:
    """Words without their sign bit, which orders floats by magnitude."""
    return words & words.dtype.type((1 << (8 * words.itemsize - 1)) - 1)


def signs(words: Words) -> Words:
    """The sign bits of words alone."""
    return words & words.dtype.type(1 << (8 * words.itemsize - 1))


def _bitmap(keep: np.ndarray, under: Words | None) -> tuple[bytes, int | None]:
    """The map, packed, and the threshold that predicts it where that is shorter."""
    plain = frames.pack(np.packbits(keep), "text")
    pruned = keep.size - int(np.count_nonzero(keep))
    if under is None:
        return plain, None
    sizes = magnitude(under)
    threshold = int(np.partition(sizes, pruned - 1)[pruned - 1])
    other = frames.pack(np.packbits(keep ^ (sizes > threshold)), "text")
    return (other, threshold) if len(other) < len(plain) else (plain, None)


def _values(words: Words, under: Words | None, chunk: Chunk) -> tuple[bytes, bool]:
    """The kept words as a column, and whether they are differences."""
    plain = columns.pack(words, chunk.dtype.exponent is not None, chunk.effort)
    if under is None:
        return plain, False
    other = columns.pack_small(words, under)
    return (other, True) if len(other) < len(plain) else (plain, False)
