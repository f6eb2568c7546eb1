"""Where the kept entries of a sparse matrix stand, as the kernels want it.

The values stand in one array, in the order of `kept_places`; the pattern of the transposed matrix
finds them there through `order`. Everything is made by stable sorts of small whole numbers, which
numpy does in linear time.
"""

from dataclasses import dataclass

import numpy as np

from tenth.errors import InputError, must
from tenth.kernels.training.build import library

_MOST_DEPTH = 256  # columns of a block: their part of a panel stays in the nearest caches


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


def kept_places(mask: np.ndarray) -> np.ndarray:
    """Where the kept entries of a mask [rows, columns] stand, flat, in the order of their values.

    Block of columns by block, row by row: so a product reads its values one after the other.

    Raises:
        InputError: it is no matrix, or holds too many weights.

    Cost: one pass over the mask, and linear in what is kept.
    """
    if mask.ndim != 2 or mask.size >= 2**31:
        raise InputError(must("mask", "a matrix of fewer than 2**31 weights", mask.shape))
    flat, columns = np.flatnonzero(mask), mask.shape[1]
    return flat[_order(flat % max(1, columns) // _depth(columns))]


def pattern(places: np.ndarray, shape: tuple[int, int]) -> Pattern:
    """The pattern of a matrix of this shape, by its `kept_places`.

    Raises:
        CompileError: there are no kernels, as there is no compiler.
    """
    rows, columns = np.divmod(places, max(1, shape[1]))
    return _indexed(rows, columns, shape)


def transposed(places: np.ndarray, shape: tuple[int, int]) -> Pattern:
    """The pattern of the transposed matrix, over the same values."""
    rows, columns = np.divmod(places, max(1, shape[1]))
    order = _order(rows)
    order = order[_order(columns[order])]
    order = order[_order(rows[order] // _depth(shape[0]))]
    found = _indexed(columns[order], rows[order], (shape[1], shape[0]))
    return Pattern(found.shape, found.count, found.depth, (*found.arrays, order.astype(np.int32)))


def _depth(columns: int) -> int:
    """Blocks as equal as can be."""
    blocks = max(1, -(-columns // _MOST_DEPTH))
    return max(1, -(-columns // blocks))


def _order(numbers: np.ndarray) -> np.ndarray:
    """A stable order of whole numbers; those of 16 bits are counted, not compared."""
    small = not len(numbers) or numbers.max() < 2**16
    return np.argsort(numbers.astype(np.uint16) if small else numbers, kind="stable")


def _indexed(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> Pattern:
    """From entries in the order of a product."""
    depth = _depth(shape[1])
    blocks = max(1, -(-shape[1] // depth))
    counts = np.bincount(columns // depth * shape[0] + rows, minlength=blocks * shape[0])
    starts = np.concatenate([[0], np.cumsum(counts)])
    groups = np.concatenate([[0], np.cumsum(-(-counts // 4))])
    step = library().tenth_panel() * 4 // 8  # places count in 8 bytes
    places = np.full(4 * int(groups[-1]), depth * step, np.uint16)  # the row of zeros
    where = np.arange(len(rows)) + np.repeat(4 * groups[:-1] - starts[:-1], counts)
    places[where] = columns % depth * step
    arrays = (starts.astype(np.int32), groups.astype(np.int32), places)
    return Pattern(shape, len(rows), depth, arrays)
