"""Tensors as matching sees them, and a pool of those a base has."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from blake3 import blake3

from tenth.keep.dtypes import DTYPES
from tenth.keep.match.sketch import WORDS, Read, words_of

_NEAREST = 4  # of many tensors of one size, only so many are compared closely
_GLANCE = 256  # words that tell which these are


class Seen(NamedTuple):
    """A tensor: its id, how its file describes it, its sketch.

    `read(start, size)` gives its bytes; without it a tensor is compared as a whole only.
    """

    id: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    sketch: bytes
    read: Read | None = None

    @property
    def numbers(self) -> int:
        """Its numbers."""
        return math.prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Its bytes."""
        return self.numbers * DTYPES[self.dtype].bits // 8

    @property
    def row(self) -> int:
        """Numbers in a row: what one step of the first dimension passes."""
        return math.prod(self.shape[1:])


def key(tensors: Iterable[Seen]) -> str:
    """The structural key: models of one family have the same, whatever their names and dtypes.

    It is a hash of how often each shape stands.
    """
    shapes = sorted(tensor.shape for tensor in tensors)
    return blake3(repr(shapes).encode()).hexdigest()[:32]


class Glances:
    """Tensors of one size and dtype, and the first bits of some words of each."""

    def __init__(self, tensors: Sequence[Seen] = ()) -> None:
        self.tensors = list(tensors)
        self._table: np.ndarray | None = None

    def nearest(self, sketched: bytes, count: int = _NEAREST) -> list[Seen]:
        """The few whose words begin with the same bits as those of a sketch most often."""
        if len(self.tensors) <= count:
            return list(self.tensors)
        dtype = self.tensors[0].dtype
        if self._table is None or len(self._table) != len(self.tensors):
            self._table = np.stack([_glance(other.sketch, dtype) for other in self.tensors])
        votes = (self._table == _glance(sketched, dtype)).mean(axis=1)
        return [self.tensors[place] for place in np.argsort(-votes, kind="stable")[:count]]


_NO_GLANCES = Glances()


def _has_sketch(tensor: Seen) -> bool:
    """Whether there are numbers, and a sketch of the length that theirs has."""
    word = DTYPES[tensor.dtype].word
    words = min(tensor.size_bytes // word, WORDS)
    return words > 0 and len(tensor.sketch) == words * word


def _glance(sketched: bytes, dtype: str) -> np.ndarray:
    """Sign and exponent, or most of it, of words spread over a sketch."""
    words = words_of(sketched, dtype)
    word = DTYPES[dtype].word
    high = words[:: max(1, len(words) // _GLANCE)] >> (8 * word - 8 if word > 1 else 4)
    return high.astype(np.uint8)


class Pool:
    """The tensors of a base, found by id, by name, by size, by the length of their rows."""

    def __init__(self, tensors: Iterable[Seen]) -> None:
        self.by_id: dict[str, Seen] = {}
        self.by_name: dict[str, Seen] = {}
        self._by_count: dict[tuple[str, int], Glances] = defaultdict(Glances)
        self._by_row: dict[tuple[str, int], list[Seen]] = defaultdict(list)
        for tensor in tensors:
            self.by_name.setdefault(tensor.name, tensor)
            if tensor.id in self.by_id or not _has_sketch(tensor):
                continue
            self.by_id[tensor.id] = tensor
            self._by_count[tensor.dtype, tensor.numbers].tensors.append(tensor)
            if tensor.shape:
                self._by_row[tensor.dtype, tensor.row].append(tensor)

    def same_name(self, tensor: Seen) -> Seen | None:
        """The one of the same name, if it has as many numbers."""
        found = self.by_name.get(tensor.name)
        fits = found and found.id in self.by_id and found.numbers == tensor.numbers
        return found if fits else None

    def same_size(self, tensor: Seen) -> list[Seen]:
        """Of those with as many numbers, the few of each dtype that look most alike."""
        alike = self._by_count.get((tensor.dtype, tensor.numbers), _NO_GLANCES)
        others = (
            glances.tensors[:_NEAREST]
            for (dtype, count), glances in self._by_count.items()
            if count == tensor.numbers and dtype != tensor.dtype
        )
        return [*alike.nearest(tensor.sketch), *(other for group in others for other in group)]

    def same_rows(self, tensor: Seen) -> list[Seen]:
        """Those of the same dtype whose rows are as long, the one of the same name first."""
        found = self._by_row.get((tensor.dtype, tensor.row), []) if tensor.shape else []
        return sorted(found, key=lambda other: other.name != tensor.name)
