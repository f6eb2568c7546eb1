"""How numbers are written in weights.bin: a record is a run of bytes, and the C that unpacks it."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from tenth.errors import InputError, must

Values = Literal["float32", "float16", "bfloat16"]
VALUES: tuple[Values, ...] = get_args(Values)
"""The forms in which weights may be written, numbered from 0. They are computed in float32."""


@dataclass(frozen=True)
class Record:
    """Some weights as they are written, and as they are unpacked.

    `unpack` is the C function `int unpack(from, from_bytes, to, to_bytes, a, b, c)` of the kernels,
    which gets the three `numbers`, checks all it reads, and returns 0 if anything is wrong.
    """

    data: bytes | memoryview
    loaded_bytes: int
    unpack: str
    numbers: tuple[int, int, int] = (0, 0, 0)


def plain_record(array: np.ndarray, values: Values = "float32") -> Record:
    """An array as it is: float32, which may be rounded to another form, or int32.

    Whole numbers are later held between the least and the largest of them.

    Raises:
        InputError: it holds other numbers.
    """
    if array.dtype == np.float32:
        written = {
            "float32": lambda: array.astype("<f4", copy=False),
            "float16": lambda: _half(array),
            "bfloat16": lambda: _brain(array),
        }[values]()
        return Record(_bytes(written), array.nbytes, f"unpack_{values}")
    if array.dtype == np.int32:
        least, most = (int(array.min()), int(array.max())) if array.size else (0, 0)
        data = _bytes(array.astype("<i4", copy=False))
        return Record(data, array.nbytes, "unpack_int32", (least, most, 0))
    raise InputError(must("weights", "of float32 or int32", array.dtype))


def rounded(array: np.ndarray, values: Values) -> np.ndarray:
    """The nearest float32 numbers that the form holds.

    Raises:
        InputError: there is no such form, or a number lies beyond its range.
    """
    if values not in VALUES:
        raise InputError(must("values", f"one of {', '.join(VALUES)}", repr(values)))
    if values == "float32":
        return array
    if values == "float16":
        return _half(array).astype(np.float32)
    return (_brain(array).astype(np.uint32) << 16).view(np.float32)


def _half(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = array.astype("<f2")
    _check_range(array, np.isfinite(half), "float16")
    return half


def _brain(array: np.ndarray) -> np.ndarray:
    """The upper halves, to the nearest; of two that are as near, the even one."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32).astype(np.uint64)
    upper = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    _check_range(array, upper & 0x7F80 != 0x7F80, "bfloat16")
    return upper.astype("<u2")


def _check_range(array: np.ndarray, held: np.ndarray, values: str) -> None:
    if not held.all():
        worst = float(np.abs(array[~held]).max())
        remedy = "Use values='float32'."
        raise InputError(must("a weight", f"finite in {values}", f"{worst:g}", remedy))


def _bytes(array: np.ndarray) -> memoryview:
    return memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
