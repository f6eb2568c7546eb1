"""The entropy coder of c/rans.h in numpy, lane by lane side by side: slow, and bit for bit equal.

Which lanes take a word from the stream follows from the states before any word is read, so that one
step of all lanes is a handful of numpy calls.
"""

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenth.keep.native.words import Words

BITS, SYMBOLS, BLOCK = 11, 256, 64
SLOTS = 1 << BITS
_LOWEST = 1 << 16
_ROW = 16


class _Contexts(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("count", "shift", "mask", "lowest")),
        ("sets", ctypes.c_void_p),
    )


@dataclass(frozen=True)
class Contexts:
    """How the class of an element follows from its base's word, and from where it stands.

    Attributes:
        count: of classes by exponent; one: the base is not looked at.
        shift: where the exponent stands.
        mask: of the exponent, once it is shifted.
        lowest: exponents up to this one have class 0, each above has the next class, up to the
            last class.
        sets: of each `BLOCK` elements, which set of `count` classes they use; None: one set.
        most_sets: of them.
    """

    count: int = 1
    shift: int = 0
    mask: int = 0
    lowest: int = 0
    sets: NDArray[np.uint8] | None = None
    most_sets: int = 1

    @property
    def total(self) -> int:
        """Classes of all sets."""
        return self.count * self.most_sets

    def struct(self) -> Any:
        """The address of the C's struct, as an argument of a call."""
        sets = None if self.sets is None else self.sets.ctypes.data
        return ctypes.byref(_Contexts(self.count, self.shift, self.mask, self.lowest, sets))

    def fit(self, size: int) -> bool:
        """Whether there is a set, and one that is counted, for each of `size` elements."""
        if self.sets is None:
            return self.most_sets == 1
        blocks = -(-size // BLOCK)
        return self.sets.size == blocks and not np.any(self.sets >= self.most_sets)

    def classes(self, under: Words | None, size: int) -> NDArray[np.int64]:
        """The class of each element."""
        found = np.zeros(size, np.int64)
        if self.sets is not None:
            found += np.repeat(self.sets.astype(np.int64) * self.count, BLOCK)[:size]
        if under is not None and self.count > 1:
            exponents = (under.astype(np.int64) >> self.shift) & self.mask
            found += np.clip(exponents - self.lowest, 0, self.count - 1)
        return found


def _symbols(words: Words, under: Words | None) -> tuple[NDArray, NDArray, NDArray]:
    """Of each number: its symbol, its magnitude and how many of its low bits are raw."""
    numbers = words if under is None else words - under
    signed = numbers.view(f"<i{numbers.itemsize}").astype(np.int64)
    size = np.abs(signed)
    raw = np.maximum(np.frexp(size.astype(np.float64))[1] - 3, 0).astype(np.int64)
    return 2 * (4 * raw + (size >> raw)) + (signed < 0), size, raw


def count(words: Words, under: Words | None, contexts: Contexts) -> NDArray[np.uint32]:
    """How often each symbol occurs, [class, SYMBOLS]."""
    symbols = _symbols(words, under)[0] + SYMBOLS * contexts.classes(under, words.size)
    counts = np.bincount(symbols, minlength=contexts.total * SYMBOLS)
    return counts.astype(np.uint32).reshape(contexts.total, SYMBOLS)


def assign(
    words: Words, under: Words | None, contexts: Contexts, costs: NDArray[np.uint16]
) -> NDArray[np.uint8]:
    """Of each block: the set whose costs [set, class * SYMBOLS] make it cheapest."""
    indices = _symbols(words, under)[0] + SYMBOLS * contexts.classes(under, words.size)
    starts = np.arange(0, words.size, BLOCK)
    sums = [np.add.reduceat(row.astype(np.int64)[indices], starts) for row in costs]
    return np.argmin(sums, axis=0).astype(np.uint8)


def encode(
    words: Words,
    under: Words | None,
    contexts: Contexts,
    frequencies: NDArray[np.uint16],
    lanes: int,
) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    """States and stream, as `rans.encode` gives them."""
    symbols, sizes, raw = _symbols(words, under)
    symbols += SYMBOLS * contexts.classes(under, words.size)
    wide = frequencies.astype(np.int64)
    chance = wide.ravel()[symbols]
    first = (np.cumsum(wide, axis=1) - wide).ravel()[symbols]
    low = np.minimum(raw, 16)
    low_part, high_part = sizes & ((1 << low) - 1), (sizes >> 16) & ((1 << (raw - low)) - 1)
    state = np.full(lanes, _LOWEST, np.int64)
    stream: list[NDArray] = []
    for start in range((words.size - 1) // lanes * lanes, -1, -lanes) if words.size else ():
        here = slice(start, start + lanes)
        x = state[: chance[here].size]
        given = np.zeros((3, lanes), bool)
        words_given = np.zeros((3, lanes), np.int64)
        live = x.size
        for phase, part, bits in ((2, high_part, raw - low), (1, low_part, low)):
            k = bits[here]
            given[phase, :live] = x >> (32 - k) != 0
            words_given[phase, :live] = x
            x = (np.where(given[phase, :live], x >> 16, x) << k) | part[here]
        f = chance[here]
        given[0, :live] = x >> (32 - BITS) >= f
        words_given[0, :live] = x
        x = np.where(given[0, :live], x >> 16, x)
        state[:live] = (x // f << BITS) + x % f + first[here]
        stream.append(_by_rows(words_given)[_by_rows(given)] & 0xFFFF)
    ordered = np.concatenate(stream[::-1]) if stream else np.zeros(0, np.int64)
    return state.astype(np.uint32), ordered.astype(np.uint16)


def _by_rows(phases: NDArray) -> NDArray:
    """[phase, lane] in the order of the stream: row of 16 lanes by row, phase by phase."""
    return phases.reshape(3, -1, _ROW).transpose(1, 0, 2).ravel()


def decode(
    frequencies: NDArray[np.uint16],
    states: NDArray[np.uint32],
    stream: NDArray[np.uint16],
    under: Words | None,
    out: Words,
    contexts: Contexts,
) -> bool:
    """Fill `out`; False: the stream is damaged."""
    table = _Table(frequencies)
    x = states.astype(np.int64)
    if np.any(x < _LOWEST):
        return False
    base_slots = contexts.classes(under, out.size) * SLOTS
    words = np.concatenate([stream.astype(np.int64), np.zeros(3 * x.size, np.int64)])
    at = 0
    for start in range(0, out.size, x.size):
        live = min(x.size, out.size - start)
        here = slice(start, start + live)
        slot = base_slots[here] + (x[:live] & (SLOTS - 1))
        symbol = table.symbol[slot]
        x[:live] = table.frequency[slot] * (x[:live] >> BITS) + table.within[slot]
        numbers, used = _unpack_raw(x, live, table.raw[symbol], words[at : at + 3 * x.size])
        at += used
        if at > stream.size:
            return False
        numbers += table.magnitude[symbol]
        numbers = np.where(symbol & 1, -numbers, numbers)
        if under is not None:
            numbers += under[here]
        out[here] = numbers.astype(np.uint64).astype(out.dtype)
    return at == stream.size and bool(np.all(x == _LOWEST))


def _unpack_raw(x: NDArray, live: int, raw: NDArray, words: NDArray) -> tuple[NDArray, int]:
    """Refill all lanes after a symbol, and take their raw bits: (raw bits, words used)."""
    low, high = np.zeros(x.size, np.int64), np.zeros(x.size, np.int64)
    low[:live] = np.minimum(raw, 16)
    high[:live] = raw - low[:live]
    taken = np.zeros((3, x.size), bool)
    taken[0, :live] = x[:live] < _LOWEST
    # a lane is refilled to short << 16 | word; k bits less, it is too low where short < 1 << k
    short = np.where(taken[0], x, x >> 16)
    taken[1] = short < 1 << low
    taken[2] = (high > 0) & (short < 1 << high)
    order = _by_rows(taken)
    places = np.zeros((3, x.size), np.int64)
    rows = (np.cumsum(order) - 1).reshape(-1, 3, _ROW).transpose(1, 0, 2)
    places[:] = rows.reshape(3, x.size)
    numbers = np.zeros(x.size, np.int64)
    for phase, bits in ((0, None), (1, low), (2, high)):
        if bits is not None:
            part = x & ((1 << bits) - 1)
            numbers |= part << 16 * (phase - 1)
            x >>= bits
        x[:] = np.where(taken[phase], (x << 16) | words[places[phase]], x)
    return numbers[:live], int(order.sum())


class _Table:
    """Of each slot: frequency, symbol and slot less the symbol's first; of each symbol the rest."""

    def __init__(self, frequencies: NDArray[np.uint16]) -> None:
        wide = frequencies.astype(np.int64)
        classes = wide.shape[0]
        every = np.tile(np.arange(SYMBOLS), classes)
        self.symbol = np.repeat(every, wide.ravel())
        self.frequency = np.repeat(wide.ravel(), wide.ravel())
        first = np.repeat((np.cumsum(wide, axis=1) - wide).ravel(), wide.ravel())
        self.within = np.tile(np.arange(SLOTS), classes) - first
        bucket = np.arange(SYMBOLS) >> 1
        self.raw = np.maximum(bucket // 4 - 1, 0)
        self.magnitude = np.where(bucket < 4, bucket, (4 | bucket & 3) << self.raw)
