"""The factors of LOWRANK: their bytes, and the exact product.

Parameters are, little-endian:

    1 byte   version, 1
    1 byte   1: the product is rounded to the element type before it is added, else 0
    2 bytes  rank
    8 bytes  rows and columns
    2 bytes  of each rank: the power of two, signed, by which its product is multiplied
    column   of rank * rows small numbers of 4 bytes, the left factor, rank by rank
    column   of rank * columns small numbers of 4 bytes, the right factor, rank by rank
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tenth.errors import FormatError, InputError, must
from tenth.keep.codecs import columns
from tenth.keep.codecs.payload import Reader, damaged
from tenth.keep.dtypes import dtype_of
from tenth.keep.native.product import product
from tenth.keep.native.words import words_of
from tenth.keep.predict.floats import FLOATS, narrow, widen

VERSION = 1
MOST_RANK = 256
_HEAD = "<BBHII"
_EXACT = 2.0**53
_POWERS = (-300, 200)


@dataclass(frozen=True)
class Factors:
    """A product of whole numbers: sum over k of 2^powers[k] left[k, :, None] right[k, None, :].

    `rounded`: the product is rounded to the element type before it is added to the base.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    powers: NDArray[np.int16]
    rounded: bool

    @property
    def exact(self) -> bool:
        """Whether every sum stays below 2^53 units."""
        if not self.powers.size:
            return True
        most = [np.abs(side.astype(np.float64)).max(axis=1) for side in (self.left, self.right)]
        scale = np.exp2(self.powers.astype(np.float64) - int(self.powers.min()))
        return float((scale * most[0] * most[1]).sum()) < _EXACT

    def product(self, start: int, stop: int) -> NDArray[np.float64]:
        """Rows `start` to `stop` of the product, exact."""
        lowest = int(self.powers.min()) if self.powers.size else 0
        scale = np.exp2(self.powers.astype(np.float64) - lowest)
        left = self.left[:, start:stop].astype(np.float64).T * scale
        return product(left, self.right.astype(np.float64), 2.0**lowest)

    def pack(self) -> bytes:
        """The parameters."""
        rank, rows = self.left.shape
        head = struct.pack(_HEAD, VERSION, self.rounded, rank, rows, self.right.shape[1])
        sides = (columns.pack_small(side.ravel().view("<u4")) for side in (self.left, self.right))
        return head + self.powers.astype("<i2").tobytes() + b"".join(sides)


@lru_cache(maxsize=4)
def unpack(parameters: bytes) -> Factors:
    """Inverse of `Factors.pack`; the last few are kept, as chunk after chunk asks for them.

    Raises:
        FormatError: the parameters are damaged, or their product would not be exact.
    """
    source = Reader(parameters)
    version, rounded, rank, rows, width = struct.unpack(_HEAD, source.take(struct.calcsize(_HEAD)))
    if version != VERSION:
        raise FormatError(must("version of a predictor", str(VERSION), version, "Update tenth."))
    if rounded > 1 or rank > min(rows, width, MOST_RANK):
        raise damaged(f"a product of rank {rank} for {rows} rows and {width} columns")
    powers = np.frombuffer(source.take(2 * rank), "<i2")
    if powers.size and not (_POWERS[0] <= powers.min() and powers.max() <= _POWERS[1]):
        raise damaged("a power of two out of range")
    left = columns.small(source, rank * rows, 4).view(np.int32).reshape(rank, rows)
    right = columns.small(source, rank * width, 4).view(np.int32).reshape(rank, width)
    source.end()
    factors = Factors(left, right, powers, bool(rounded))
    if not factors.exact:
        raise damaged("factors too large for an exact product")
    return factors


def shape_of(shape: Sequence[int]) -> tuple[int, int]:
    """Rows and columns of a tensor: its first dimension, and all others together."""
    if len(shape) < 2:
        return 1, math.prod(shape)
    return shape[0], math.prod(shape[1:])


def predict(
    parameters: bytes,
    base_slice: bytes | memoryview,
    shape: Sequence[int],
    dtype: str,
    start: int,
    count: int,
) -> bytes:
    """Elements `start` to `start + count` of the predicted tensor.

    Args:
        parameters: what `fitting.fit` gave.
        base_slice: the same elements of the base.
        shape: of the whole tensor; all dimensions but the first are one.

    Raises:
        FormatError: the parameters are damaged, or belong to another shape.
        InputError: the slice is not within the tensor.

    Cost: 2 * rank FLOPs an element; memory is some small multiple of the slice, and the factors.
    """
    if dtype not in FLOATS:
        raise FormatError(must("dtype to predict", "one of " + ", ".join(FLOATS), repr(dtype)))
    rows, width = shape_of(shape)
    base = words_of(base_slice, dtype_of(dtype).word)
    if base.size != count or not 0 <= start <= start + count <= rows * width:
        raise InputError(
            must("slice", f"{count} elements within {rows * width}", (start, base.size))
        )
    factors = unpack(bytes(parameters))
    if factors.left.shape[1] != rows or factors.right.shape[1] != width:
        raise damaged("a product belongs to a tensor of another shape")
    out = np.empty(count, base.dtype)
    step = max(1, (1 << 18) // max(1, width))  # rows at once
    for row in range(start // width if count else rows, rows, step):
        low, high = max(start, row * width), min(start + count, (row + step) * width)
        if low >= high:
            break
        added = factors.product(row, min(row + step, rows)).ravel()
        added = added[low - row * width : high - row * width]
        here = slice(low - start, high - start)
        if factors.rounded:
            added = widen(narrow(added, dtype), dtype)
        out[here] = narrow(widen(base[here], dtype) + added, dtype)
    return out.tobytes()
