"""A sparse matrix by a batch, forwards and backwards: the face of c/linear.c.

A batch is any matrix [pixel, feature] whose pixels, or whose features, stand side
by side in memory: neither has to be copied.
"""

import ctypes
from dataclasses import dataclass
from functools import cache

from tenth.kernels.training.build import library
from tenth.kernels.training.patterns import Pattern

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
        _matrix(m), values, bias, _grid(x), _grid(y), pixels, threads
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
        _matrix(m),
        None if t is None else _matrix(t),
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


def _matrix(m: Pattern) -> _Pattern:
    """The struct of the C; good as long as the pattern lives."""
    addresses = [array.ctypes.data for array in m.arrays] + [None] * (4 - len(m.arrays))
    rows, columns = m.shape
    blocks = max(1, -(-columns // m.depth))
    return _Pattern(rows, columns, m.depth, blocks, m.count, *addresses)


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
