"""SUB: the difference of raw words, modulo their size.

Two nearby floats of one sign are nearby integers as raw words, so an update becomes a small whole
number. A bias in the lowest bytes keeps small negative ones out of the high bytes.

Source: as in FM-Delta, Ning et al., NeurIPS 2024, doi:10.52202/079017-2134, there on ordered
integers and under a range coder.
"""

import numpy as np

from tenth.keep.codecs import columns
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader, Words

BIAS = {1: 0x00, 2: 0x0080, 4: 0x00808080, 8: 0x0080808080808080}


def encode(chunk: Chunk) -> bytes | None:
    """The biased differences as a column; None without a base."""
    if chunk.under is None:
        return None
    return columns.pack(difference(chunk.words, chunk.under))


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    under = target.base_words()
    columns.unpack(source, target.out)
    add(target.out, under)


def difference(words: Words, under: Words) -> Words:
    """The words less those of the base, plus the bias, modulo the word."""
    return words - under + words.dtype.type(BIAS[words.itemsize])


def add(words: Words, under: Words) -> None:
    """Inverse of `difference`, in place on its result."""
    bias = words.dtype.type(BIAS[words.itemsize])
    for start in range(0, words.size, 1 << 16):
        block = words[start : start + (1 << 16)]
        np.add(block, under[start : start + (1 << 16)], out=block)
        np.subtract(block, bias, out=block)
