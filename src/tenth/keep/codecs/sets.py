"""Sets of frequencies: which parts of a chunk moved alike.

Sets are found as clusters are: each 64 elements go to the set that makes them cheapest, then each
set's frequencies are counted anew.

Source: the classification of blocks in vector quantisation, Lloyd 1982, with code lengths as the
distance.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tenth.keep.native import rans
from tenth.keep.native.rans import BLOCK, SYMBOLS, Contexts
from tenth.keep.native.words import Words

_ROUNDS = 3
_SAMPLED, _PIECE = 16, 64 * BLOCK  # one piece of so many
_ENOUGH = 1 << 15  # words of a sample, under which sets fit noise
_ENTRY = 6  # bits of a frequency in a table
_UNIT = 64  # of a bit
_PAYS = 0.98


def sets_of(
    words: Words, under: Words, contexts: Contexts, most: int, thorough: bool
) -> NDArray[np.uint8] | None:
    """The set of each block, up to `most` of them, or None where they would not pay.

    Args:
        thorough: look at all words, not at one of up to sixteen.
    """
    some, below = (words, under) if thorough else _sample(words, under)
    counts = rans.count(some, below, contexts)
    raw = _raw_bits(counts)
    share = some.size / words.size
    limit = _PAYS * (_bits(counts) + raw) - 2 * some.size / BLOCK - raw
    limit += _ENTRY * share * np.count_nonzero(counts)
    costs = _far_apart(counts, most)
    for _ in range(_ROUNDS):
        sets = rans.assign(some, below, contexts, costs)
        split = rans.count(some, below, replace(contexts, sets=sets, most_sets=most))
        if _bits(split) + _ENTRY * share * np.count_nonzero(split) > limit:
            return None
        costs = _costs(split.reshape(most, contexts.count, SYMBOLS))
    return rans.assign(words, under, contexts, costs)


def _sample(words: Words, under: Words) -> tuple[Words, Words]:
    one_of = min(_SAMPLED, words.size // _ENOUGH)
    if one_of < 2:
        return words, under
    shape = words.size // (one_of * _PIECE), one_of, _PIECE
    words, under = (
        np.ascontiguousarray(w[: math.prod(shape)].reshape(shape)[:, one_of // 2]).ravel()
        for w in (words, under)
    )
    return words, under


def _far_apart(counts: NDArray[np.uint32], most: int) -> NDArray[np.uint16]:
    """First costs: of each set, the distance of a bucket from some quantile of its class."""
    buckets = counts.reshape(len(counts), -1, 2).sum(axis=2).cumsum(axis=1)
    shares = (np.arange(most) + 0.5) / most
    wanted = shares[:, None] * buckets[:, -1]
    centres = (buckets[None] < wanted[..., None]).sum(axis=2)
    distance = np.abs(np.arange(SYMBOLS) // 2 - centres[..., None])
    return (distance * _UNIT).astype(np.uint16)


def _costs(counts: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """What a symbol costs in each set and class; one that was not seen is dear."""
    share = (counts + 0.02) / (counts.sum(axis=-1, keepdims=True) + 0.02 * SYMBOLS)
    return np.rint(-_UNIT * np.log2(share)).astype(np.uint16)


def _bits(counts: NDArray[np.uint32]) -> float:
    """What symbols take, with frequencies of their own for each class."""
    total = counts.sum(axis=-1, keepdims=True)
    share = counts / np.maximum(total, 1)
    return float(-(counts * np.log2(np.where(counts > 0, share, 1))).sum())


def _raw_bits(counts: NDArray[np.uint32]) -> float:
    each = np.maximum(np.arange(SYMBOLS) // 8 - 1, 0)
    return float((counts * each).sum())
