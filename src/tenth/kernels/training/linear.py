"""A sparse matrix by a batch, forwards and backwards: the face of c/linear.c.

The values stand in one array, in the order of `kept_places`; a transposed pattern finds them there
through `order`. A batch is any matrix [pixel, feature] whose pixels, or whose features, stand side
by side in memory: neither has to be copied.
"""

import ctypes
from dataclasses import dataclass
from functools import cache

import numpy as np

from tenth.errors import InputError, must
from tenth.kernels.training.build import library

_MOST_DEPTH = 256  # columns of a block: their part of a panel stays in the nearest caches
_ERROR = "There is not enough memory for a sparse product."


class _Pattern(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("rows", "columns", "depth", "blocks", "count")),
        *((name, ctypes.c_void_p) for name in ("starts", "groups", "places", "order")),
    )


class _Grid(ctypes.Structure):
    _fields_ = (
        ("at", ctypes.c_void_p),
        ("pixel_step", ctypes.c_int64),
        ("feature_step", ctypes.c_int64),
    )


@dataclass(frozen=True)
class Batch:
    """A float32 matrix [pixel, feature] in memory: its address and its two steps in floats.

    One of the steps is 1, or there is but one pixel or feature.
    """

    address: int
    pixel_step: int
    feature_step: int


@dataclass(frozen=True)
class Pattern:
    """Which entries of a matrix are kept, as the kernels want it; made once, never changed.

    Attributes:
        shape: rows (outputs) and columns (inputs).
        count: entries kept.
        arrays: what the C points to: starts, groups, places, and the order of values if transposed.
    """

    shape: tuple[int, int]
    count: int
    depth: int
    arrays: tuple[np.ndarray, ...]

    @property
    def size_bytes(self) -> int:
        """Memory of all indices."""
        return sum(array.nbytes for array in self.arrays)

    def pointer(self) -> _Pattern:
        """The struct of the C; good as long as this pattern lives."""
        addresses = [array.ctypes.data for array in self.arrays] + [None] * (4 - len(self.arrays))
        rows, columns = self.shape
        blocks = max(1, -(-columns // self.depth))
        return _Pattern(rows, columns, self.depth, blocks, self.count, *addresses)


def kept_places(mask: np.ndarray) -> np.ndarray:
    """Where the kept entries of a mask [rows, columns] stand, flat, in the order of their values.

    Block of columns by block, row by row: so a product reads its values one after the other.
    """
    columns = mask.shape[1]
    depth = _depth(columns)
    places = [
        row * columns + begin + column
        for begin in range(0, columns, depth)
        for row, column in [np.nonzero(mask[:, begin : begin + depth])]
    ]
    return np.concatenate(places or [np.zeros(0, np.int64)])


def pattern(mask: np.ndarray) -> Pattern:
    """The pattern of a mask [rows, columns], True = kept.

    Raises:
        InputError: it is no matrix, or holds too many weights.
        CompileError: there are no kernels, as there is no compiler.
    """
    if mask.ndim != 2 or mask.size >= 2**31:
        raise InputError(must("mask", "a matrix of fewer than 2**31 weights", mask.shape))
    return _indexed(mask)


def transposed(mask: np.ndarray) -> Pattern:
    """The pattern of the transposed matrix, over the same values."""
    numbers = np.zeros(mask.size, np.int32)
    places = kept_places(mask)
    numbers[places] = np.arange(len(places), dtype=np.int32)
    turned = np.ascontiguousarray(mask.T)
    indexed = _indexed(turned)
    order = numbers.reshape(mask.shape).T.ravel()[kept_places(turned)]
    return Pattern(indexed.shape, indexed.count, indexed.depth, (*indexed.arrays, order))


def _depth(columns: int) -> int:
    """Blocks as equal as can be."""
    blocks = max(1, -(-columns // _MOST_DEPTH))
    return max(1, -(-columns // blocks))


def _indexed(mask: np.ndarray) -> Pattern:
    rows, columns = mask.shape
    depth = _depth(columns)
    begins = range(0, max(1, columns), depth)
    counts = np.concatenate(
        [np.count_nonzero(mask[:, begin : begin + depth], axis=1) for begin in begins]
    )
    starts = np.concatenate([[0], np.cumsum(counts)])
    groups = np.concatenate([[0], np.cumsum(-(-counts // 4))])
    step = _calls().tenth_panel() * 4 // 8
    places = np.full(4 * int(groups[-1]), depth * step, np.uint16)  # the row of zeros
    kept = kept_places(mask)
    number = np.arange(len(kept)) - np.repeat(starts[:-1], counts)
    where = np.repeat(4 * groups[:-1], counts) + number
    places[where] = (kept % max(1, columns) % depth) * step
    arrays = (starts.astype(np.int32), groups.astype(np.int32), places)
    return Pattern((rows, columns), len(kept), depth, arrays)


def forward(  # noqa: PLR0913  the operands of one product
    m: Pattern, values: int, bias: int | None, x: Batch, y: Batch, *, pixels: int, threads: int = 1
) -> None:
    """The product y = m x + bias of each pixel.

    Args:
        values: address of `m.count` floats.
        bias: address of a float for each row; None: zeros.

    Raises:
        MemoryError: there is no memory for a panel.

    Cost: 2 * m.count * pixels FLOPs, and copying x and y once.
    """
    done = _calls().tenth_linear_forward(
        m.pointer(), values, bias, _grid(x), _grid(y), pixels, threads
    )
    if not done:
        raise MemoryError(_ERROR)


def backward(  # noqa: PLR0913  the operands of one product
    m: Pattern,
    t: Pattern | None,
    values: int,
    *,
    x: Batch,
    dy: Batch,
    dx: Batch | None,
    gradients: int | None,
    pixels: int,
    threads: int = 1,
) -> None:
    """The gradients: dx = m^T dy, and of each value its row of dy by its column of x.

    Args:
        t: `transposed` of the same mask; None: dx is not wanted.
        gradients: address of `threads` rows of `m.count + 4` floats, the result in the first row;
            None: not wanted.

    Raises:
        MemoryError: there is no memory for a panel.

    Cost: 2 * m.count * pixels FLOPs for each of the two.
    """
    done = _calls().tenth_linear_backward(
        m.pointer(),
        None if t is None else t.pointer(),
        values,
        _grid(x),
        _grid(dy),
        _grid(dy if dx is None else dx),
        gradients,
        pixels,
        threads,
    )
    if not done:
        raise MemoryError(_ERROR)


def _grid(batch: Batch) -> _Grid:
    return _Grid(batch.address, batch.pixel_step, batch.feature_step)


@cache
def _calls() -> ctypes.CDLL:
    loaded = library()
    matrix, grid, address, whole = (
        ctypes.POINTER(_Pattern),
        ctypes.POINTER(_Grid),
        ctypes.c_void_p,
        ctypes.c_int64,
    )
    loaded.tenth_panel.restype = whole
    loaded.tenth_linear_forward.argtypes = [matrix, address, address, grid, grid, whole, whole]
    loaded.tenth_linear_backward.argtypes = [
        matrix, matrix, address, grid, grid, grid, address, whole, whole
    ]  # fmt: skip
    return loaded
