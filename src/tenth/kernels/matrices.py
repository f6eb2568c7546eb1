"""The matrices of layers as records of weights.bin: dense, or with what is kept alone.

A dense matrix is written row by row. A sparse one by what is kept: for each block of outputs and
each K-block of FILE_DEPTH inputs a count, then a byte for the place of each kept column, then the
values. `c/matrix.c` unpacks both, checked, to the form that its kernels want.
"""

import math

import numpy as np

from tenth.errors import UnsupportedError, must
from tenth.kernels.records import VALUES, Record, Values, plain_record

FILE_DEPTH = 128
DENSE_ROWS = 6
_ALIGNMENT = 64
_HEAD_BYTES = 16
_KEPT_HEAD_BYTES = 64
_FLOAT_BYTES = 4


def dense_record(weight: np.ndarray, *, groups: int = 1, values: Values = "float32") -> Record:
    """A matrix [O, I] whose zeros are multiplied; O are the outputs of all groups."""
    outputs, depth = weight.shape
    rows = -(-(outputs // groups) // DENSE_ROWS) * DENSE_ROWS
    head = bytes([VALUES.index(values)]).ljust(_HEAD_BYTES, b"\0")
    return Record(
        head + _written(weight, values),
        groups * rows * depth * _FLOAT_BYTES,
        "unpack_dense",
        (outputs, depth, groups),
    )


def kept_record(weight: np.ndarray, *, height: int = 1, values: Values = "float32") -> Record:
    """A matrix [O, I] without the columns that are zero in a block of `height` outputs.

    Cost: one byte and `height` values for each such column that is kept, and a byte for each block
    of outputs and FILE_DEPTH inputs.

    Raises:
        UnsupportedError: it has more entries than 32 bits can number.
    """
    outputs, depth = weight.shape
    rows, blocks = outputs // height, -(-depth // FILE_DEPTH)
    filled = np.zeros((rows, height, blocks * FILE_DEPTH), np.float32)
    filled[:, :, :depth] = weight.reshape(rows, height, depth)
    # [block, row, column, output]: the order of the file
    filled = filled.reshape(rows, height, blocks, FILE_DEPTH).transpose(2, 0, 3, 1)
    kept = (filled != 0).any(-1)
    positions = np.nonzero(kept)[-1].astype(np.uint8)
    entries = len(positions)
    if entries >= 2**31:
        raise UnsupportedError(must("a layer", "below 2^31 kept weights", entries))
    head = bytes([VALUES.index(values), height, 0, 0]) + entries.to_bytes(4, "little")
    body = head.ljust(_HEAD_BYTES, b"\0") + kept.sum(-1, dtype=np.uint8).tobytes()
    body += positions.tobytes()
    body = body.ljust(_up(len(body), 4), b"\0")
    return Record(
        body + _written(filled[kept], values),
        _kept_bytes(rows * blocks, entries, height),
        "unpack_kept",
        (rows, depth, height),
    )


def _written(array: np.ndarray, values: Values) -> bytes:
    return bytes(plain_record(np.ascontiguousarray(array, np.float32), values).data)


def _kept_bytes(counted: int, entries: int, height: int) -> int:
    """What matrix.c takes at most, on a machine of any vector width."""
    most = entries + (3 * counted if height == 1 else 0)
    starts = _up(_KEPT_HEAD_BYTES + (counted + 1) * 4, _ALIGNMENT)
    return _up(starts + 2 * most, _ALIGNMENT) + most * height * _FLOAT_BYTES


def _up(size: int, step: int) -> int:
    return math.ceil(size / step) * step
