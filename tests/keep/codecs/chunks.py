"""Chunks that hurt: pairs of words of every type, near and far, and every odd value."""

import numpy as np

from tenth.keep.dtypes import DTYPES
from tenth.keep.native.words import WORD_TYPES


def words(dtype: str, size: int, seed: int = 0) -> np.ndarray:
    """Weights as raw words of a type; any bits for types that are no wide floats."""
    rng = np.random.default_rng(seed)
    kind = DTYPES[dtype]
    if kind.exponent is None:
        return rng.integers(0, 1 << (8 * kind.word), size, WORD_TYPES[kind.word])
    values = rng.standard_normal(size) * 0.02
    if dtype == "BF16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2")
    return values.astype({2: "<f2", 4: "<f4", 8: "<f8"}[kind.word]).view(WORD_TYPES[kind.word])


def moved(base: np.ndarray, changed: float, most: int = 3, seed: int = 1) -> np.ndarray:
    """A fraction of the words moved by up to `most`."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-most, most + 1, base.size) * (rng.random(base.size) < changed)
    return base + steps.astype(base.dtype)


def odd(dtype: str, size: int) -> np.ndarray:
    """NaN with payloads, -0, infinities, subnormals, the highest bit alone, all bits."""
    kind = WORD_TYPES[DTYPES[dtype].word]
    top = 1 << (8 * kind.itemsize - 1)
    few = np.array([0, 1, top, top + 1, 2 * top - 1, top - 1, top >> 1, 3 * (top >> 2)], kind)
    return np.resize(few, size)
