"""STORE: the bytes as they are. COPY: the base's chunk as it is; the payload is empty."""

import numpy as np

from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader
from tenth.keep.native.words import words_of


def store(chunk: Chunk) -> bytes:
    """The words themselves."""
    return chunk.words.tobytes()


def restore(source: Reader, target: Target) -> None:
    """Inverse of `store`."""
    target.out[:] = words_of(source.take(target.out.nbytes), target.out.itemsize)


def copy(chunk: Chunk) -> bytes | None:
    """Nothing at all, where a chunk equals its base."""
    if chunk.under is None or not np.array_equal(chunk.words, chunk.under):
        return None
    return b""


def copied(source: Reader, target: Target) -> None:
    """Inverse of `copy`."""
    target.out[:] = target.base_words()
