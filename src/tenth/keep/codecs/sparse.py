"""SPARSE: where a chunk differs from its base, and by how much.

The body is the count of changed words, a column of 32-bit gaps (unchanged words before each changed
one, counted from the one before), and a column of biased differences.
"""

import numpy as np

from tenth.keep.codecs import columns
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader, Words, damaged, number
from tenth.keep.codecs.sub import BIAS, difference

_MOST = 0.5  # changed words, as a fraction, above which this is not worth trying


def encode(chunk: Chunk) -> bytes | None:
    """Gaps and differences; None without a base, or where most words changed."""
    if chunk.under is None:
        return None
    at = np.flatnonzero(chunk.words != chunk.under)
    if at.size > _MOST * chunk.words.size or chunk.words.size >= 1 << 32:
        return None
    return patch(at, difference(chunk.words[at], chunk.under[at]))


def patch(at: np.ndarray, differences: Words) -> bytes:
    """Rising positions and their biased differences as a body."""
    gaps = (np.diff(at, prepend=-1) - 1).astype("<u4")
    return number(at.size) + columns.pack(gaps) + columns.pack(differences)


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    under = target.base_words()
    at, differences = positions(source, target.out.size, target.out.itemsize)
    target.out[:] = under
    target.out[at] += differences - target.out.dtype.type(BIAS[target.out.itemsize])


def positions(source: Reader, size: int, word: int) -> tuple[np.ndarray, Words]:
    """Rising positions below `size`, and the biased differences that belong there.

    Raises:
        FormatError: there are too many, or one is beyond the chunk.
    """
    count = source.number()
    if count > size:
        raise damaged(f"{count} words changed of {size}")
    at = np.cumsum(columns.column(source, count, 4).astype(np.int64) + 1) - 1
    if count and at[-1] >= size:
        raise damaged(f"a change at word {at[-1]} of {size}")
    return at, columns.column(source, count, word)
