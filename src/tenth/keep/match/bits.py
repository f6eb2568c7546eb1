"""How many bits a word will take, foreseen from sketches.

A codec that writes byte planes with a Huffman code takes about the entropy of each plane, and an
entropy coder that of its symbols. From a few thousand words entropy comes out too small, as rare
values were not seen; half a bit (in nats) for each value that was, over the number of words, makes
up for most of it. Source: G. A. Miller, Note on the bias of information estimates, 1955.
"""

from typing import Any

import numpy as np

Words = np.ndarray[Any, np.dtype[Any]]

_CODED = 0.97  # a plane that would not save this much is stored as it is
_SPARSE = 1.12  # what places and values take, over their entropy
_CLASSES, _CLASSED = 12, 4096  # by the base's exponent, in tensors of so many words


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


def delta_bits(words: Words, base: Words, exponent: tuple[int, int] | None = None) -> float:
    """Bits a word for a tensor as a difference from words at the same places of another.

    The least of: all differences, with and without classes by the base's exponent; places and
    differences of the words that changed; a bitmap of the variant's zeros and the differences of
    the rest.

    exponent: where it stands in a word, lowest bit and count of bits; None: there is none.
    """
    change = words - base
    changed = change != 0
    classes = None if exponent is None else _classes(base, *exponent)
    return min(
        _small(change, classes),
        _SPARSE * _beside(changed, _small(change[changed])),
        _pruned(words, base, change),
    )


def _pruned(words: Words, base: Words, change: Words) -> float:
    """A bitmap of the zeros, where magnitude in the base does not foretell them, and the rest.

    A product with a mask leaves zeros with a sign, which may be that of the base.
    """
    signless = words.dtype.type((1 << (8 * words.itemsize - 1)) - 1)
    kept = words & signless != 0
    zeros = words.size - int(np.count_nonzero(kept))
    if not zeros:
        return np.inf
    sizes = base & signless
    foretold = sizes > np.partition(sizes, zeros - 1)[zeros - 1]
    bitmap = min(_bits(kept), _bits(kept ^ foretold))
    negative = words[~kept] != 0
    signs = min(_bits(negative), _bits(negative ^ (base[~kept] > signless)))
    return bitmap + (zeros * signs + (words.size - zeros) * _small(change[kept])) / words.size


def _small(change: Words, classes: Words | None = None) -> float:
    """Small signed numbers, as byte planes or under an entropy coder.

    The coder's symbols are a sign, a length in bits and the two bits below the highest; the bits
    below those are written as they are.
    """
    bias = change.dtype.type(sum(0x80 << (8 * i) for i in range(max(1, change.itemsize - 1))))
    signed = change.view(f"i{change.itemsize}")
    sizes = np.abs(signed.astype(np.float64))
    raw = np.maximum(np.frexp(sizes)[1] - 3, 0)
    symbols = 2 * (4 * raw + np.ldexp(sizes, -raw).astype(np.int64)) + (signed < 0)
    coded = _given(symbols, np.zeros_like(symbols))
    if classes is not None and change.size >= _CLASSED:
        coded = min(coded, _given(symbols, classes))
    return min(_planes(change + bias), coded + float(raw.mean()) if raw.size else 0.0)


def _given(symbols: Words, classes: Words) -> float:
    """Bits a symbol, with frequencies for each class."""
    kinds = int(symbols.max(initial=0)) + 1
    if not symbols.size:
        return 0.0
    counts = np.bincount(classes * kinds + symbols, minlength=_CLASSES * kinds)
    table = counts.reshape(-1, kinds)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    plain = -(table * np.log2(np.where(shares > 0, shares, 1))).sum()
    used = (table > 0).sum() - (table.sum(axis=1) > 0).sum()
    return float(plain + used / (2 * np.log(2))) / symbols.size


def _classes(base: Words, lowest: int, bits: int) -> Words:
    """The exponent of each word, less than the largest that is not rare by up to 11."""
    exponents = (base >> base.dtype.type(lowest)).astype(np.int64) & ((1 << bits) - 1)
    counts = np.bincount(exponents, minlength=1)
    top = int(np.flatnonzero(counts * 1000 >= exponents.size)[-1]) if exponents.size else 0
    return np.clip(exponents - top + _CLASSES - 1, 0, _CLASSES - 1)


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
