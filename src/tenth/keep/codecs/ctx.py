"""CTX: SUB under an entropy coder that knows the base's exponent, and where much was changed.

An update of a given size is a larger whole number where the weight is small, so the differences of
each class of exponents have their own frequencies; the reader has the base, so that classes cost
nothing. Rows of an embedding that were never seen stand still, and some neurons move more than
others: where that pays, every 64 elements name one of four sets of frequencies.

The body is

    2 bytes  the exponent of class 0
    1 byte   classes of exponents; 1: the base's exponent is not looked at
    1 byte   sets of frequencies
    plane    with more sets than one: the set of each 64 elements, four to a byte, the first in the
             lowest bits
    column   the differences under rANS, without a form byte; class = set * classes + class by
             exponent
"""

import struct

import numpy as np
from numpy.typing import NDArray

from tenth.keep import native
from tenth.keep.codecs import columns, frames
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader, damaged
from tenth.keep.codecs.sets import sets_of
from tenth.keep.dtypes import Dtype
from tenth.keep.native.rans import BLOCK, MOST_CLASSES, Contexts
from tenth.keep.native.words import Words

_CLASSES, _SETS = 12, 4
_PLACES = np.array([0, 2, 4, 6], np.uint8)  # of four sets in a byte
_FEWEST = 4096  # words, under which a dozen tables do not pay


def encode(chunk: Chunk) -> bytes | None:
    """Classes and differences; None without a base or a compiler, or where words are too wide."""
    words, under = chunk.words, chunk.under
    if under is None or words.size < _FEWEST or words.itemsize > 4 or native.kernel() is None:
        return None
    contexts = _contexts(chunk.dtype, under)
    found = sets_of(words, under, contexts, _SETS, chunk.tier == "archive")
    if found is not None:
        return _packed(words, under, _with_sets(contexts, found, _SETS))
    return None if contexts.count == 1 else _packed(words, under, contexts)


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    lowest, classes, sets = struct.unpack("<HBB", source.take(4))
    if not 0 < classes * sets <= MOST_CLASSES or sets > _SETS:
        raise damaged(f"{classes} classes of exponents and {sets} sets")
    if classes > 1 and target.dtype.exponent is None:
        raise damaged(f"classes of exponents of {target.dtype.name}")
    shift, bits = target.dtype.exponent or (0, 0)
    contexts = Contexts(classes, shift, (1 << bits) - 1, lowest)
    if sets > 1:
        blocks = -(-target.out.size // BLOCK)
        fours = frames.unpack(source, -(-blocks // 4))
        found = ((fours[:, None] >> _PLACES) & 3).ravel()[:blocks].astype(np.uint8)
        if np.any(found >= sets):
            raise damaged("a set that is not there")
        contexts = _with_sets(contexts, found, sets)
    columns.unpack_rans(source, target.out, target.base_words(), contexts)


def _packed(words: Words, under: Words, contexts: Contexts) -> bytes:
    head = struct.pack("<HBB", contexts.lowest, contexts.count, contexts.most_sets)
    if contexts.sets is not None:
        fours = np.zeros(-(-contexts.sets.size // 4) * 4, np.uint8)
        fours[: contexts.sets.size] = contexts.sets
        packed = (fours.reshape(-1, 4) << _PLACES).sum(axis=1, dtype=np.uint8)
        head += frames.pack(packed, "small")
    return head + columns.pack_rans(words, under, contexts)


def _with_sets(contexts: Contexts, sets: NDArray[np.uint8], most: int) -> Contexts:
    return Contexts(contexts.count, contexts.shift, contexts.mask, contexts.lowest, sets, most)


def _contexts(dtype: Dtype, under: Words) -> Contexts:
    """Classes by exponent, the last of them the largest exponent that is not rare.

    The largest that holds a thousandth of the words: a stray infinity does not shift the classes.
    """
    if dtype.exponent is None:
        return Contexts()
    shift, bits = dtype.exponent
    some = under[:: max(1, under.size >> 13)]
    exponents = (some >> shift).astype(np.int64) & ((1 << bits) - 1)
    counts = np.bincount(exponents, minlength=1 << bits)
    top = int(np.flatnonzero(counts * 1000 >= exponents.size)[-1])
    return Contexts(_CLASSES, shift, (1 << bits) - 1, max(0, top - _CLASSES + 1))
