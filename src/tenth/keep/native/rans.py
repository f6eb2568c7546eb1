"""An entropy coder for small signed numbers: interleaved rANS over buckets of magnitude.

A number has a symbol (its sign, its length in bits and the two bits below the highest) and raw
bits below those. Symbols cost what their frequency says, to a fraction of a bit, which Huffman
codes cannot do below one bit a number. The frequencies may differ by class, which follows from the
base's exponent in the same place.

c/rans.h has the arithmetic; `twin` is the same in numpy.

Source: J. Duda, Asymmetric numeral systems, arXiv 1311.2540; F. Giesen, Interleaved entropy coders,
arXiv 1402.3392. Buckets: as Exp-Golomb codes with two further bits.
"""

import ctypes
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tenth.keep import native
from tenth.keep.native import twin
from tenth.keep.native.twin import BITS, BLOCK, SLOTS, SYMBOLS, Contexts
from tenth.keep.native.words import Words

__all__ = [
    "BITS",
    "BLOCK",
    "MOST_CLASSES",
    "MOST_LANES",
    "ROW",
    "SLOTS",
    "SYMBOLS",
    "Coded",
    "Contexts",
]

ROW, MOST_LANES, MOST_CLASSES = 16, 256, 64
_SINGLE = Contexts()


@dataclass(frozen=True)
class Coded:
    """What an encoder made.

    Attributes:
        frequencies: of symbols [class, SYMBOLS], of which each row has the sum SLOTS.
        states: where each lane's decoder begins, uint32.
        stream: what the decoder reads on its way, uint16.
    """

    frequencies: NDArray[np.uint16]
    states: NDArray[np.uint32]
    stream: NDArray[np.uint16]


def encode(words: Words, under: Words | None, contexts: Contexts = _SINGLE) -> Coded:
    """Write words - under, modulo the word; without `under` the words themselves, as signed ones.

    Args:
        words: of 1, 2 or 4 bytes.
    """
    frequencies = normalised(count(words, under, contexts))
    lanes = lanes_of(words.size)
    library = _calls()
    if library is None:
        return Coded(frequencies, *twin.encode(words, under, contexts, frequencies, lanes))
    states = np.empty(lanes, np.uint32)
    room = np.empty(3 * words.size + ROW, np.uint16)
    used = library.tenth_keep_rans_encode(
        *_addresses(words, under), contexts.struct(), words.size, words.itemsize,
        frequencies.ctypes.data, contexts.total, states.ctypes.data, lanes, room.ctypes.data,
        room.size,
    )  # fmt: skip
    return Coded(frequencies, states, room[room.size - used :])


def decode(coded: Coded, under: Words | None, out: Words, contexts: Contexts = _SINGLE) -> bool:
    """Fill `out`; False: the stream is damaged, and `out` holds anything.

    The frequencies must be sound (see `sound`), the lanes a multiple of `ROW` up to `MOST_LANES`.
    """
    classes = coded.frequencies.shape[0]
    lanes = coded.states.size
    if classes != contexts.total or lanes % ROW or not 0 < lanes <= MOST_LANES:
        raise ValueError("a table or its lanes do not fit")
    _check(out, contexts)
    library = _calls()
    if library is None:
        return twin.decode(coded.frequencies, coded.states, coded.stream, under, out, contexts)
    table = np.empty(classes * SLOTS, np.uint32)
    frequencies = np.ascontiguousarray(coded.frequencies)
    library.tenth_keep_rans_table(frequencies.ctypes.data, classes, table.ctypes.data)
    at, below = _addresses(out, under)
    states = np.ascontiguousarray(coded.states)
    done = library.tenth_keep_rans_decode(
        coded.stream.ctypes.data, coded.stream.size, states.ctypes.data, lanes, table.ctypes.data,
        contexts.struct(), below, at, out.size, out.itemsize,
    )  # fmt: skip
    return bool(done)


def count(words: Words, under: Words | None, contexts: Contexts = _SINGLE) -> NDArray[np.uint32]:
    """How often each symbol occurs, [class, SYMBOLS]."""
    _check(words, contexts)
    library = _calls()
    if library is None:
        return twin.count(words, under, contexts)
    counts = np.zeros((2, contexts.total, SYMBOLS), np.uint32)
    library.tenth_keep_rans_count(
        *_addresses(words, under), contexts.struct(), words.size, words.itemsize,
        counts.ctypes.data, contexts.total * SYMBOLS,
    )  # fmt: skip
    return counts[0] + counts[1]


def assign(
    words: Words, under: Words | None, contexts: Contexts, costs: NDArray[np.uint16]
) -> NDArray[np.uint8]:
    """Of each block: the set that makes it cheapest.

    Args:
        contexts: of one set.
        costs: of symbols, [set, class, SYMBOLS], in any unit; a block's sum must be under 2^32.
    """
    if contexts.sets is not None or costs.shape[1:] != (contexts.count, SYMBOLS):
        raise ValueError("costs do not belong to these classes")
    library = _calls()
    costs = np.ascontiguousarray(costs, np.uint16)
    if library is None:
        return twin.assign(words, under, contexts, costs.reshape(len(costs), -1))
    out = np.zeros(-(-words.size // BLOCK), np.uint8)
    library.tenth_keep_rans_assign(
        *_addresses(words, under), contexts.struct(), words.size, words.itemsize,
        costs.ctypes.data, len(costs), out.ctypes.data,
    )  # fmt: skip
    return out


def normalised(counts: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """Counts [class, SYMBOLS] as frequencies: none of a symbol that occurs is 0, the sum is SLOTS.

    A class that never occurs is given to symbol 0.
    """
    rows = counts.astype(np.int64)
    total = rows.sum(axis=1, keepdims=True)
    shares = np.maximum((rows * SLOTS + total // 2) // np.maximum(total, 1), rows > 0)
    shares[total[:, 0] == 0, 0] = SLOTS
    over = shares.sum(axis=1) - SLOTS
    while (left := np.flatnonzero(over)).size:  # the most frequent gives or takes
        most = shares[left].argmax(axis=1)
        least = np.minimum(over[left], np.maximum(1, shares[left, most] // 8))
        step = np.where(over[left] < 0, over[left], least)
        shares[left, most] -= step
        over[left] -= step
    return shares.astype(np.uint16)


def sound(frequencies: NDArray[np.uint16]) -> bool:
    """Whether each row has the sum SLOTS."""
    return bool(np.all(frequencies.astype(np.int64).sum(axis=1) == SLOTS))


def lanes_of(size: int) -> int:
    """Lanes for so many numbers: each costs two bytes, and many make numpy's decoder bearable."""
    lanes = ROW
    while lanes < MOST_LANES and lanes << 13 <= size:
        lanes *= 2
    return lanes


def _check(words: Words, contexts: Contexts) -> None:
    if contexts.total > MOST_CLASSES or not contexts.fit(words.size):
        raise ValueError("classes do not belong to these words")


def _addresses(words: Words, under: Words | None) -> tuple[int, int | None]:
    """Addresses for the C, after a check of what it relies on."""
    for array in (words, under):
        if array is None:
            continue
        if array.dtype != words.dtype or array.size != words.size or words.itemsize > 4:
            raise ValueError("words and those of the base must be of one type and number")
        if not array.flags.c_contiguous:
            raise ValueError("words must be contiguous")
    return words.ctypes.data, None if under is None else under.ctypes.data


@cache
def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    address, size = ctypes.c_void_p, ctypes.c_int64
    library.tenth_keep_rans_count.argtypes = [
        address, address, address, size, size, address, size
    ]  # fmt: skip
    library.tenth_keep_rans_count.restype = None
    library.tenth_keep_rans_assign.argtypes = [
        address, address, address, size, size, address, size, address
    ]  # fmt: skip
    library.tenth_keep_rans_assign.restype = None
    library.tenth_keep_rans_table.argtypes = [address, size, address]
    library.tenth_keep_rans_table.restype = None
    library.tenth_keep_rans_encode.argtypes = [
        address, address, address, size, size, address, size, address, size, address, size
    ]  # fmt: skip
    library.tenth_keep_rans_encode.restype = size
    library.tenth_keep_rans_decode.argtypes = [
        address, size, address, size, address, address, address, address, size, size
    ]  # fmt: skip
    library.tenth_keep_rans_decode.restype = size
    return library


def _calls() -> ctypes.CDLL | None:
    library = native.kernel()
    return None if library is None else _declared(library)
