"""RAW: a chunk without a base. Each word is rotated left by one, then written as a column.

The rotation brings the sign to the lowest bit, so that the whole exponent of a bfloat16 or float32
number stands in its highest byte, which is the only one that is not noise.
"""

import numpy as np

from tenth.keep.codecs import columns
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader, Words


def encode(chunk: Chunk) -> bytes:
    """The rotated words of a float type, the plain words of any other."""
    words = rotated(chunk.words) if chunk.dtype.exponent else chunk.words
    return columns.pack(words, chunk.effort)


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    columns.unpack(source, target.out)
    if target.dtype.exponent:
        unrotate(target.out)


def rotated(words: Words) -> Words:
    """Each word rotated left by one bit."""
    one = words.dtype.type(1)
    return (words << one) | (words >> words.dtype.type(8 * words.itemsize - 1))


def unrotate(words: Words) -> None:
    """Rotate each word right by one bit, in place."""
    for start in range(0, words.size, 1 << 16):
        block = words[start : start + (1 << 16)]
        low = block << (8 * block.itemsize - 1)
        np.right_shift(block, 1, out=block)
        np.bitwise_or(block, low, out=block)
