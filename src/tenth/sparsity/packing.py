"""One array as its kept values and a bit a weight, and back. numpy only.

Removed means bits all zero, that is +0. Everything else is kept as it is: -0, NaN and infinity come
back bit by bit where values are float32.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tenth.errors import FormatError, InputError, must

Values = Literal["float32", "float16"]

MASK, VALUES = ":mask", ":values"

_HEADER_BYTES = 256  # what one more entry costs in the file's header, about


@dataclass(frozen=True)
class Stored:
    """An array as a file holds it: little-endian, rows first. `dtype` as safetensors writes it."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @property
    def size(self) -> int:
        """Numbers in the array."""
        return math.prod(self.shape)


def pack(name: str, array: Stored, values: Values) -> tuple[dict[str, Stored], dict[str, Any]]:
    """The two small arrays of a float32 array, and its entry in the metadata.

    Raises:
        InputError: a value is too large for float16.
    """
    flat = np.frombuffer(array.data, "<f4")
    mask = flat.view("<u4") != 0
    kept = flat[mask]
    if values == "float16":
        kept = _halved(name, kept)
    bits = np.packbits(mask, bitorder="little")
    entry = {"shape": list(array.shape), "dtype": "F32", "kept": len(kept)}
    return {
        name + VALUES: Stored("F16" if values == "float16" else "F32", kept.shape, kept.tobytes()),
        name + MASK: Stored("U8", bits.shape, bits.tobytes()),
    }, entry


def is_smaller(array: Stored, values: Values) -> bool:
    """Whether packing pays for this array: float32, two axes or more, and fewer bytes packed.

    Vectors stay as they are: they are few bytes, and a norm's statistics must not be rounded.
    """
    if array.dtype != "F32" or len(array.shape) < 2:
        return False
    kept = int(np.count_nonzero(np.frombuffer(array.data, "<u4")))
    width = 2 if values == "float16" else 4
    return kept * width + -(-array.size // 8) + _HEADER_BYTES < len(array.data)


def _halved(name: str, kept: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        halved = kept.astype("<f2")
    lost = np.isinf(halved) & np.isfinite(kept)
    if lost.any():
        remedy = 'Save it with values="float32".'
        raise InputError(
            must(f"tensor {name!r}", "within ±65504 for float16 values", kept[lost][0], remedy)
        )
    return halved


def unpack(name: str, entry: Any, arrays: dict[str, Stored]) -> Stored:
    """The float32 array behind a metadata entry; its two small arrays are taken out of `arrays`.

    Raises:
        FormatError: shapes, types and counts do not fit together.
    """
    shape, count = _read_entry(name, entry)
    size = math.prod(shape)
    values = _take(arrays, name + VALUES, ("F32", "F16"), count)
    packed = _take(arrays, name + MASK, ("U8",), -(-size // 8))
    bits = np.unpackbits(np.frombuffer(packed.data, np.uint8), bitorder="little")
    if bits[size:].any():
        raise _unfit(f"mask of {name!r}", "0 beyond the last weight", "a bit set")
    mask = bits[:size].view(bool)
    if (found := np.count_nonzero(mask)) != count:
        raise _unfit(f"mask of {name!r}", f"{count} bits set", found)
    dense = np.zeros(size, "<f4")
    dense[mask] = np.frombuffer(values.data, "<f4" if values.dtype == "F32" else "<f2")
    return Stored("F32", shape, dense.tobytes())


def _read_entry(name: str, entry: Any) -> tuple[tuple[int, ...], int]:
    if not isinstance(entry, dict):
        raise _unfit(f"entry of {name!r}", "an object", entry)
    sides, count = entry.get("shape"), entry.get("kept")
    if not (isinstance(sides, list) and 2 <= len(sides) <= 32 and all(map(_is_count, sides))):
        raise _unfit(f"shape of {name!r}", "2 to 32 whole numbers from 1 up", sides)
    if not (isinstance(count, int) and count >= 0) or entry.get("dtype") != "F32":
        raise _unfit(f"entry of {name!r}", "F32, with a count of kept values", entry)
    return tuple(sides), count


def _is_count(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number > 0


def _take(arrays: dict[str, Stored], name: str, dtypes: tuple[str, ...], length: int) -> Stored:
    array = arrays.pop(name, None)
    wanted = f"{' or '.join(dtypes)} of shape [{length}]"
    if array is None:
        raise _unfit(f"tensor {name!r}", wanted, "none")
    if array.dtype not in dtypes or array.shape != (length,):
        raise _unfit(f"tensor {name!r}", wanted, f"{array.dtype} of shape {list(array.shape)}")
    return array


def _unfit(thing: str, rule: str, got: Any) -> FormatError:
    return FormatError(must(thing, rule, str(got)[:200], "The file is damaged: save it again."))
