"""Finding the factors of a merged adapter again, from the difference that it made.

The difference is the product plus the noise of rounding the sum, about a third of the distance to
the next float. So the rank is how many singular values stand above what such noise can give; the
factors are least squares weighted by that distance; and they are written as whole numbers whose
steps are lost in the noise.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenth.keep import codecs
from tenth.keep.dtypes import dtype_of
from tenth.keep.native.words import Words, words_of
from tenth.keep.predict.floats import FLOATS, ulp, widen
from tenth.keep.predict.lowrank.factors import Factors, predict, shape_of

_NARROWEST = 32  # rows or columns
_FIRST = 512  # rows that are looked at first
_MOST_RANK, _MOST_ELEMENTS = 64, 1 << 27
_ROUNDS = 4
_ABOVE = 1.1  # of a singular value over the largest that noise gives
_STEPS = (0.05, 0.15)  # of errors by whole numbers, in typical distances between floats
_COARSER = 8  # doublings of that until the product is exact
_PAYS = 0.9  # of what the plain difference takes

Matrix = NDArray[np.floating]


class _Seen(NamedTuple):
    """The difference that a merge made, and the distance between floats where it landed."""

    difference: Matrix
    distance: Matrix


def fit(
    values: bytes | memoryview, base: bytes | memoryview, shape: Sequence[int], dtype: str
) -> bytes | None:
    """Parameters for `lowrank.predict`, or None where the variant is no merged adapter.

    Args:
        values: the whole tensor of the variant.
        base: the whole tensor of the base.
        shape: of both; all dimensions but the first are one.
        dtype: F16, BF16 or F32; None comes back for others.

    Cost: a look at 512 rows where it is none; else 8 * elements * rank^2 FLOPs a round, and
    memory of about ten float32 numbers an element (float64 for F32).
    Source: alternating weighted least squares, Srebro & Jaakkola, ICML 2003.
    """
    rows, width = shape_of(shape)
    if dtype not in FLOATS or dtype == "F64" or min(rows, width) < _NARROWEST:
        return None
    if rows * width > _MOST_ELEMENTS:
        return None
    word = dtype_of(dtype).word
    new, old = (words_of(data, word).reshape(rows, width) for data in (values, base))
    some = _seen(new[:_FIRST], old[:_FIRST], dtype)
    if some is None or _low_rank(some) is None:
        return None
    seen = _seen(new, old, dtype)
    found = None if seen is None else _low_rank(seen)
    if seen is None or found is None:
        return None
    left, right = _least_squares(seen, *found)
    typical = _median(seen.distance) / 2
    tried = [whole(left, right, step * typical) for step in _STEPS]
    return _best([factors for factors in tried if factors is not None], new, old, dtype)


def _seen(new: Words, old: Words, dtype: str) -> _Seen | None:
    """None where a value is not finite."""
    kind = np.float64 if dtype == "F32" else np.float32
    wide = widen(new, dtype)
    difference = wide - widen(old, dtype)
    if not np.isfinite(difference).all():
        return None
    return _Seen(difference.astype(kind), ulp(new, dtype).astype(kind))


def _median(distance: Matrix) -> float:
    """Of a sample of the rows."""
    return float(np.median(distance[:: max(1, len(distance) // 128)]))


def _low_rank(seen: _Seen) -> tuple[Matrix, Matrix] | None:
    """The part of the difference that stands above noise, left @ right, or None.

    Source: randomised range finder, Halko, Martinsson & Tropp, SIAM Review 2011.
    """
    difference, (rows, width) = seen.difference, seen.difference.shape
    most = min(_MOST_RANK, min(rows, width) // 3)
    rng = np.random.default_rng(0)
    sketch = rng.standard_normal((width, most + 8)).astype(difference.dtype)
    sketch = difference.T @ np.linalg.qr(difference @ sketch)[0]
    span = np.linalg.qr(difference @ sketch)[0]
    u, s, v = np.linalg.svd(span.T @ difference, full_matrices=False)
    noise = np.sqrt(np.mean(np.square(seen.distance), dtype=np.float64) / 12)
    edge = _ABOVE * noise * (np.sqrt(rows) + np.sqrt(width))
    rank = _rank(s, float(edge))
    if not 0 < rank <= most:
        return None
    root = np.sqrt(s[:rank])
    return (span @ u[:, :rank]) * root, root[:, None] * v[:rank]


def _rank(s: NDArray, edge: float) -> int:
    """How many singular values are no noise: above its edge, or at its edge and before a gap."""
    rank = int(np.count_nonzero(s > edge))
    gaps = np.flatnonzero((s[:-1] > 1.08 * s[1:]) & (s[:-1] > 0.6 * edge)) + 1
    return max(rank, int(gaps[-1]) if gaps.size else 0)


def _least_squares(seen: _Seen, left: Matrix, right: Matrix) -> tuple[Matrix, Matrix]:
    """Better factors, then in the singular form, in which columns of one side are alike."""
    floor = _median(seen.distance) / 64
    weight = np.square(floor / np.maximum(seen.distance, floor))
    weighted = weight * seen.difference
    for _ in range(_ROUNDS):
        right = _solved(weight, weighted, left)
        left = _solved(weight.T, weighted.T, right.T).T
    q, r = np.linalg.qr(left.astype(np.float64))
    u, s, v = np.linalg.svd(r @ right.astype(np.float64), full_matrices=False)
    root = np.sqrt(s)
    return (q @ u) * root, root[:, None] * v


def _solved(weight: Matrix, weighted: Matrix, left: Matrix) -> Matrix:
    """The right factor for which left @ right is nearest: a small system for each column."""
    rows, rank = left.shape
    pairs = (left[:, :, None] * left[:, None, :]).reshape(rows, -1)
    gram = (weight.T @ pairs).reshape(-1, rank, rank).astype(np.float64)
    ridge = 1e-9 * np.trace(gram, axis1=1, axis2=2)[:, None, None] + 1e-300
    gram += ridge * np.eye(rank)
    target = (weighted.T @ left).astype(np.float64)
    return np.linalg.solve(gram, target[..., None])[..., 0].T.astype(left.dtype)


def whole(left: Matrix, right: Matrix, error: float) -> Factors | None:
    """Factors of whole numbers whose product is off by about `error`, or by more where it must.

    Args:
        left: [rows, rank].
        right: [rank, columns]; both as float64.

    Returns:
        None where there is nothing to write, or its product would not be exact.
    """
    for coarser in range(_COARSER):
        factors = _whole(left, right, error * 2**coarser)
        if factors is not None and factors.exact:
            return factors
    return None


def _whole(left: Matrix, right: Matrix, error: float) -> Factors | None:
    rank = left.shape[1]
    sizes = [np.sqrt(np.mean(np.square(side), axis=axis)) for side, axis in ((left, 0), (right, 1))]
    kept = (sizes[0] > 0) & (sizes[1] > 0)
    if not kept.any():
        return None
    step = error * np.sqrt(12 / (2 * rank))
    powers = [np.floor(np.log2(step / size[kept])) for size in reversed(sizes)]
    numbers = (
        np.rint(left[:, kept] * np.exp2(-powers[0])).T,
        np.rint(right[kept] * np.exp2(-powers[1])[:, None]),
    )
    if max(np.abs(side).max() for side in numbers) >= 1 << 31:
        return None
    both = (powers[0] + powers[1]).astype(np.int16)
    return Factors(numbers[0].astype(np.int32), numbers[1].astype(np.int32), both, False)


def _best(tried: list[Factors], new: Words, old: Words, dtype: str) -> bytes | None:
    """The parameters that make a sample of the rows smallest, or None where none pays."""
    rows, width = new.shape
    some = min(rows, max(1, (1 << 17) // width))
    start = (rows - some) // 2
    target, below = (np.ascontiguousarray(w[start : start + some]).tobytes() for w in (new, old))
    plain = len(codecs.encode(target, below, dtype).payload) * rows / some
    sizes = []
    for factors in tried:
        for rounded in (False, True):
            form = Factors(factors.left, factors.right, factors.powers, rounded)
            parameters = form.pack()
            at, count = start * width, some * width
            guess = predict(parameters, below, (rows, width), dtype, at, count)
            left = len(codecs.encode(target, guess, dtype).payload) * rows / some
            sizes.append((len(parameters) + left, parameters))
    size, parameters = min(sizes, default=(plain, b""))
    return parameters if size < _PAYS * plain else None
