"""Sketches: a few thousand words of a tensor, always at the same places.

Two tensors of one size are compared by theirs, without reading either. The places are one in each
of 4096 equal cells of the tensor, moved within the cell by a fixed sequence: a plain stride would
often be a multiple of a row's length, and see a few columns only.
"""

from collections.abc import Callable

import numpy as np

from tenth.errors import InputError, must
from tenth.keep.dtypes import dtype_of

WORDS = 4096
_WHOLE_BYTES = 1 << 20  # what lies closer together is read in one go
_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio

Read = Callable[[int, int], bytes | bytearray]


def places(count: int) -> np.ndarray:
    """Which words of a tensor of `count` words are in its sketch: rising, at most 4096."""
    if count <= WORDS:
        return np.arange(count)
    cells = np.arange(WORDS + 1) * count // WORDS
    # Weyl's sequence: evenly spread, and the same everywhere
    shares = (np.arange(WORDS, dtype=np.uint64) * _STEP) >> np.uint64(40)
    widths = np.diff(cells)
    return cells[:-1] + (shares.astype(np.int64) * widths >> 24)


def sketch(values: bytes | memoryview, dtype: str) -> bytes:
    """The sketch of a tensor: words at `places`, as they are, one behind the other.

    Raises:
        InputError: the bytes are no whole words of the dtype.
    """
    words = _words(values, dtype)
    return words[places(words.size)].tobytes()


def sketch_of(read: Read, size_bytes: int, dtype: str) -> bytes:
    """As `sketch`, of a tensor of which `read(start, size)` gives the bytes."""
    word = _checked(size_bytes, dtype)
    return gather(read, places(size_bytes // word), word).tobytes()


class Sketching:
    """As `sketch`, of bytes that come block by block, in order."""

    def __init__(self, size_bytes: int, dtype: str) -> None:
        self._word = _checked(size_bytes, dtype)
        self._starts = places(size_bytes // self._word) * self._word
        self._found = np.empty((len(self._starts), self._word), np.uint8)
        self._reached = 0

    def add(self, block: bytes | memoryview) -> None:
        """Take the bytes that follow; blocks may end within a word."""
        data = np.frombuffer(block, np.uint8)
        end = self._reached + data.size
        first = np.searchsorted(self._starts, self._reached - self._word + 1)
        last = np.searchsorted(self._starts, end)
        for place in range(self._word):
            at = self._starts[first:last] + place - self._reached
            here = (at >= 0) & (at < data.size)
            self._found[first:last, place][here] = data[at[here]]
        self._reached = end

    def done(self) -> bytes:
        """The sketch, once all bytes were added."""
        return self._found.tobytes()


def gather(read: Read, wanted: np.ndarray, word: int) -> np.ndarray:
    """Words of `word` bytes at rising places, read in as few goes as is cheap."""
    if not wanted.size:
        return np.empty(0, _kind(word))
    first, last = int(wanted[0]), int(wanted[-1])
    if (last - first + 1) * word <= _WHOLE_BYTES:
        data = read(first * word, (last - first + 1) * word)
        return np.frombuffer(data, _kind(word))[wanted - first]
    data = b"".join(bytes(read(int(place) * word, word)) for place in wanted)
    return np.frombuffer(data, _kind(word))


def words_of(sketched: bytes, dtype: str) -> np.ndarray:
    """The words of a sketch, as unsigned integers."""
    return np.frombuffer(sketched, _kind(dtype_of(dtype).word))


def _kind(word: int) -> np.dtype:
    return np.dtype(f"<u{word}")


def _checked(size_bytes: int, dtype: str) -> int:
    word = dtype_of(dtype).word
    if size_bytes % word:
        raise InputError(must("tensor", f"whole words of {word} bytes", size_bytes))
    return word


def _words(values: bytes | memoryview, dtype: str) -> np.ndarray:
    view = memoryview(values)
    return np.frombuffer(view, _kind(_checked(view.nbytes, dtype)))
