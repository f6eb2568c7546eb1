"""Which run of a base's tensors each part of a tensor is a difference from.

By name, then by size and sketch: so a renamed tensor is found, too. Where no tensor is as large,
rows are compared: a tensor that was put together from several (query, key and value in one), one
that is a part of a larger, one of more or fewer rows (a vocabulary that grew).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tenth.keep.dtypes import DTYPES
from tenth.keep.match.bits import Words, delta_bits, raw_bits
from tenth.keep.match.sketch import gather, places, words_of
from tenth.keep.match.tensors import Glances, Pool, Seen
from tenth.keep.predict import cast
from tenth.keep.predict.floats import FLOATS

PAYS = 0.97  # of what the tensor takes alone; above it a difference is not worth its base
_CAST = 1.03  # between equals, the base that need not be cast
_FEWEST = 64  # words seen, below which a run of rows is not compared
_MOST_BLOCKS = 64
_MOST_COMPARED = 8


class Part(NamedTuple):
    """`size` bytes of a tensor, and where in a base they come from; None: from nowhere.

    `base_start` is in bytes of the base, `dtype` is the base's: where it is another, the base is
    cast first.
    """

    size: int
    base: str | None = None
    base_start: int = 0
    dtype: str = ""


class Match(NamedTuple):
    """Parts that cover a tensor, in order, the bits foreseen for a word, and those without."""

    parts: tuple[Part, ...]
    bits: float
    raw: float

    @property
    def pays(self) -> bool:
        """Whether any part has a base."""
        return any(part.base is not None for part in self.parts)


def parts(tensor: Seen, pool: Pool) -> tuple[Part, ...] | None:
    """Parts that cover a tensor, in order; None if no base pays."""
    found = match(tensor, pool)
    return found.parts if found.pays else None


def raw_of(tensor: Seen) -> float:
    """Bits foreseen for a word without a base."""
    return raw_bits(words_of(tensor.sketch, tensor.dtype))


def match(tensor: Seen, pool: Pool, raw: float | None = None) -> Match:
    """As `parts`, with the bits that were foreseen; `raw` saves computing `raw_of` again.

    Cost: some comparisons of sketches, under a millisecond each; where no tensor of the pool is as
    large, also as many small reads as a sketch has words, for each comparison.
    """
    own = words_of(tensor.sketch, tensor.dtype)
    if raw is None:
        raw = raw_bits(own)
    alone = Match((Part(tensor.size_bytes),), raw, raw)
    if not tensor.numbers:
        return alone
    if tensor.id in pool.by_id:
        return Match((Part(tensor.size_bytes, tensor.id, 0, tensor.dtype),), 0.0, raw)
    named = pool.same_name(tensor)
    best = named and _whole(tensor, own, named, raw)
    if best is None or best.bits > PAYS * raw:
        others = (_whole(tensor, own, other, raw) for other in pool.same_size(tensor))
        best = min(filter(None, others), key=lambda found: found.bits, default=alone)
    if best.bits <= PAYS * raw:
        return best
    if tensor.read is not None and tensor.shape:
        return _by_rows(tensor, pool, raw) or alone
    return alone


def _whole(tensor: Seen, own: Words, other: Seen, raw: float) -> Match | None:
    base = _as_dtype(other, tensor.dtype)
    if base is None or base.size != own.size:
        return None
    part = Part(tensor.size_bytes, other.id, 0, other.dtype)
    bits = delta_bits(own, base, DTYPES[tensor.dtype].exponent)
    return Match((part,), bits if other.dtype == tensor.dtype else _CAST * bits, raw)


def _as_dtype(other: Seen, dtype: str) -> Words | None:
    """The words of a sketch, cast as the base would be; None if it cannot be cast."""
    if other.dtype == dtype:
        return words_of(other.sketch, dtype)
    if other.dtype not in FLOATS or dtype not in FLOATS:
        return None
    return words_of(cast(other.sketch, other.dtype, dtype), dtype)


class _Run(NamedTuple):
    """Rows [start, start + rows) of a tensor, laid over rows of `other` from `other_start` on."""

    other: Seen
    start: int
    other_start: int
    rows: int


def _by_rows(tensor: Seen, pool: Pool, raw: float) -> Match | None:
    others = pool.same_rows(tensor)
    if not others:
        return None
    rows, reached = tensor.shape[0], 0
    found: list[tuple[_Run | None, int, float]] = []
    while reached < rows and len(found) < _MOST_BLOCKS:
        best = _best_run(tensor, others, reached, raw)
        if best is None:
            break
        run, bits = best
        found.append((run, run.rows, bits))
        reached += run.rows
    if not found:
        return None
    if reached < rows:
        found.append((None, rows - reached, raw))
    bits = sum(count * bits for _, count, bits in found) / rows
    width = tensor.size_bytes // rows
    made = (
        Part(count * width)
        if run is None
        else Part(count * width, run.other.id, run.other_start * width, run.other.dtype)
        for run, count, _ in found
    )
    return Match(tuple(made), bits, raw)


def _best_run(
    tensor: Seen, others: Sequence[Seen], start: int, raw: float
) -> tuple[_Run, float] | None:
    """What the rows from `start` on are best laid over, if that pays."""
    scored = ((run, _bits_of(tensor, run)) for run in _runs(tensor, others, start))
    fitting = [(run, bits) for run, bits in scored if bits is not None and bits <= PAYS * raw]
    # the longest run of the nearest: a few rows may be alike by chance
    return min(fitting, key=lambda found: (found[1], -found[0].rows), default=None)


def _runs(tensor: Seen, others: Sequence[Seen], start: int) -> Iterator[_Run]:
    left = tensor.shape[0] - start
    fitting = [other for other in others if other.shape[0] <= left]
    for other in _likely(tensor, fitting, start):
        yield _Run(other, start, 0, other.shape[0])
    if start:
        return
    # a part of a larger one, its place a multiple of its length from one end or the other
    for other in [other for other in others if other.shape[0] > left][:_MOST_COMPARED]:
        for place in _offsets(other.shape[0], left):
            yield _Run(other, 0, place, left)


def _offsets(rows: int, left: int) -> list[int]:
    """Where `left` rows may begin in `rows`: at multiples of themselves from either end."""
    if rows > _MOST_BLOCKS * left:
        return [0, rows - left]
    return sorted({*range(0, rows - left + 1, left), *range(rows % left, rows - left + 1, left)})


def _likely(tensor: Seen, others: Sequence[Seen], start: int) -> Iterator[Seen]:
    """Those that look most like the rows from `start` on, of each number of rows."""
    for count in sorted({other.numbers for other in others}):
        group = [other for other in others if other.numbers == count]
        if len(group) > _MOST_COMPARED:
            words = _words_at(tensor, start, places(_words_in(tensor, count)))
            group = Glances(group).nearest(words.tobytes(), _MOST_COMPARED)
        yield from group


def _words_in(tensor: Seen, count: int) -> int:
    """Words of `count` numbers."""
    kind = DTYPES[tensor.dtype]
    return count * kind.bits // 8 // kind.word


def _words_at(tensor: Seen, start: int, wanted: np.ndarray) -> Words:
    assert tensor.read is not None
    first = _words_in(tensor, start * tensor.row)
    return gather(tensor.read, wanted + first, DTYPES[tensor.dtype].word)


def _bits_of(tensor: Seen, run: _Run) -> float | None:
    """Bits a word for a run of rows, seen at the places of the base's sketch that lie in it."""
    first = _words_in(tensor, run.other_start * tensor.row)
    last = first + _words_in(tensor, run.rows * tensor.row)
    wanted = places(_words_in(tensor, run.other.numbers))
    inside = slice(*np.searchsorted(wanted, (first, last)))
    if len(wanted[inside]) < min(_FEWEST, last - first):
        return None
    own = _words_at(tensor, run.start, wanted[inside] - first)
    base = words_of(run.other.sketch, tensor.dtype)[inside]
    return delta_bits(own, base, DTYPES[tensor.dtype].exponent)
