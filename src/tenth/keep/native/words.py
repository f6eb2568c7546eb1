"""A chunk's bytes as unsigned words, which is all that the codecs ever see of a tensor."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.unsignedinteger]
"""A tensor's chunk as unsigned words of 1, 2, 4 or 8 bytes, little-endian, maybe not aligned."""

WORD_TYPES: Mapping[int, np.dtype[np.unsignedinteger]] = MappingProxyType(
    {1: np.dtype("u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4"), 8: np.dtype("<u8")}
)


def words_of(data: bytes | memoryview, word: int) -> Words:
    """A view of bytes as words; it is writeable where the buffer is."""
    return np.frombuffer(data, WORD_TYPES[word])
