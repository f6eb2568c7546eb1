"""CTX: SUB under an entropy coder that knows the base's exponent.

An update of a given size is a larger whole number where the weight is small, so the differences of
each class of exponents have their own frequencies. The reader has the base, so that classes cost
nothing.

The body is two bytes for the exponent of class 0, one for the count of classes, and the
entropy-coded column.
"""

import struct

import numpy as np

from tenth.keep import native
from tenth.keep.codecs import columns
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader, damaged
from tenth.keep.dtypes import Dtype
from tenth.keep.native.rans import MOST_CLASSES, Contexts
from tenth.keep.native.words import Words

_CLASSES = 12
_FEWEST = 4096  # words, under which a dozen tables do not pay


def encode(chunk: Chunk) -> bytes | None:
    """Classes and differences; None without a base, an exponent or a compiler."""
    under = chunk.under
    if under is None or chunk.words.size < _FEWEST or chunk.words.itemsize > 4:
        return None
    if chunk.dtype.exponent is None or native.kernel() is None:
        return None
    lowest = _lowest(under, chunk.dtype)
    contexts = _contexts(chunk.dtype, _CLASSES, lowest)
    return struct.pack("<HB", lowest, _CLASSES) + columns.pack_rans(chunk.words, under, contexts)


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    lowest, classes = struct.unpack("<HB", source.take(3))
    if target.dtype.exponent is None or not 0 < classes <= MOST_CLASSES:
        raise damaged(f"{classes} classes of exponents of {target.dtype.name}")
    contexts = _contexts(target.dtype, classes, lowest)
    columns.unpack_rans(source, target.out, target.base_words(), contexts)


def _lowest(under: Words, dtype: Dtype) -> int:
    """The exponent of class 0, so that the last class is the largest that is not rare.

    The largest that holds a thousandth of the words: a stray infinity does not shift the classes.
    """
    shift, bits = dtype.exponent or (0, 0)
    some = under[:: max(1, under.size >> 16)]
    exponents = (some >> shift).astype(np.int64) & ((1 << bits) - 1)
    counts = np.bincount(exponents, minlength=1 << bits)
    top = int(np.flatnonzero(counts * 1000 >= exponents.size)[-1])
    return max(0, top - _CLASSES + 1)


def _contexts(dtype: Dtype, classes: int, lowest: int) -> Contexts:
    shift, bits = dtype.exponent or (0, 0)
    return Contexts(classes, shift, (1 << bits) - 1, lowest)
