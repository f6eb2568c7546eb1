"""How many bits a word will take, foreseen from sketches.

A codec that writes byte planes with a Huffman code takes about the entropy of each plane. From a
few thousand words entropy comes out too small, as rare bytes were not seen; half a bit (in nats)
for each value that was, over the number of words, makes up for most of it. Source: G. A. Miller,
Note on the bias of information estimates, 1955.
"""

from typing import Any

import numpy as np

Words = np.ndarray[Any, np.dtype[Any]]

_CODED = 0.97  # a plane that would not save this much is stored as it is
_SPARSE = 1.12  # what places and values take, over their entropy


def entropy(values: Words, kinds: int = 256) -> float:
    """Bits a value, of values below `kinds`, corrected for the size of the sample."""
    if not values.size:
        return 0.0
    counts = np.bincount(values, minlength=kinds)
    shares = counts[counts > 0] / values.size
    plain = float(-(shares * np.log2(shares)).sum())
    return min(plain + (len(shares) - 1) / (2 * np.log(2) * values.size), float(np.log2(kinds)))


def raw_bits(words: Words) -> float:
    """Bits a word for a tensor alone: its planes, or a bitmap of its zeros and the rest."""
    rotated = (words << 1) | (words >> (8 * words.itemsize - 1))
    return min(_planes(rotated), _beside(words != 0, _planes(rotated[words != 0])))


def delta_bits(words: Words, base: Words) -> float:
    """Bits a word for a tensor as a difference from words at the same places of another.

    The least of: all differences; places and differences of the words that changed; a bitmap of
    the variant's zeros and the differences of the rest.
    """
    change = words - base
    bias = words.dtype.type(sum(0x80 << (8 * i) for i in range(max(1, words.itemsize - 1))))
    moved = change + bias
    changed = change != 0
    return min(
        _planes(moved),
        _SPARSE * _beside(changed, _planes(moved[changed])),
        _pruned(words, base, moved),
    )


def _pruned(words: Words, base: Words, moved: Words) -> float:
    """A bitmap of the zeros, where magnitude in the base does not foretell them, and the rest."""
    signless = words.dtype.type((1 << (8 * words.itemsize - 1)) - 1)
    kept = words & signless != 0
    zeros = words.size - int(np.count_nonzero(kept))
    if not zeros:
        return np.inf
    sizes = base & signless
    foretold = sizes > np.partition(sizes, zeros - 1)[zeros - 1]
    bitmap = min(_bits(kept), _bits(kept ^ foretold))
    return bitmap + float(kept.mean()) * _planes(moved[kept])


def _beside(chosen: Words, bits: float) -> float:
    """A bitmap, and `bits` for each word that it marks."""
    share = float(chosen.mean()) if chosen.size else 0.0
    return _bits(chosen) + share * bits


def _bits(chosen: Words) -> float:
    return entropy(chosen.view(np.uint8), 2)


def _planes(words: Words) -> float:
    planes = np.ascontiguousarray(words).view(np.uint8).reshape(words.size, words.itemsize)
    found = (entropy(planes[:, place]) for place in range(words.itemsize))
    return sum(bits if bits < 8 * _CODED else 8.0 for bits in found)
