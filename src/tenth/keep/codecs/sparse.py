"""SPARSE: where a chunk differs from its base, and by how much.

The body is the count of changed words, a column of 32-bit gaps (unchanged words before each changed
one, counted from the one before), and a column of differences.
"""

import numpy as np
from numpy.typing import NDArray

from tenth.keep.codecs import columns
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader, damaged, number
from tenth.keep.native import patch
from tenth.keep.native.words import Words

_MOST = 0.5  # changed words, as a fraction, above which this is not worth trying


def encode(chunk: Chunk) -> bytes | None:
    """Gaps and differences; None without a base, or where most words changed."""
    if chunk.under is None:
        return None
    at = np.flatnonzero(chunk.words != chunk.under)
    if at.size > _MOST * chunk.words.size:
        return None
    gaps = (np.diff(at, prepend=-1) - 1).astype("<u4")
    differences = chunk.words[at] - chunk.under[at]
    return number(at.size) + columns.pack_small(gaps) + columns.pack_small(differences)


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    target.out[:] = target.base_words()
    gaps, differences = _columns(source, target.out)
    if not patch.add(target.out, gaps, differences):
        raise damaged(f"a change is beyond word {target.out.size}")


def _columns(source: Reader, out: Words) -> tuple[NDArray[np.uint32], Words]:
    count = source.number()
    if count > out.size:
        raise damaged(f"{count} words changed of {out.size}")
    gaps = columns.small(source, count, 4)
    return gaps.astype(np.uint32, copy=False), columns.small(source, count, out.itemsize)
