"""Pruned models in small files: safetensors that hold kept values and a bit a weight.

The format is written down in docs/formats.md. numpy and safetensors only: reading a checkpoint
needs no torch. For models see `tenth.sparsity.models`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from tenth.errors import FormatError, InputError, must
from tenth.files import write_bytes
from tenth.sparsity.packing import MASK, VALUES, Stored, Values, is_smaller, pack, unpack

FORMAT = "tenth-small/1"
_FORMAT_KEY, _SMALL_KEY = "tenth_format", "tenth_small"
_LONGEST_HEADER = 100_000_000  # bytes; safetensors refuses longer ones

_NUMPY = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip
_STORED = {np.dtype(code): name for name, code in _NUMPY.items()}


def save(
    path: str | Path,
    arrays: Mapping[str, np.ndarray],
    *,
    values: Values = "float32",
    metadata: Mapping[str, str] | None = None,
) -> int:
    """Write arrays, those full of zeros packed, and return the bytes written.

    values: how the numbers of float32 arrays with two axes or more are stored; "float16" rounds.
    metadata: words of your own, kept in the header.

    Raises:
        InputError: an array's type cannot be stored, or a value does not fit float16.
        OutputError: the file cannot be written; what was there before stays.
    """
    stored = {name: _stored(name, array) for name, array in arrays.items()}
    return save_stored(path, stored, values=values, metadata=metadata)


def _stored(name: str, array: np.ndarray) -> Stored:
    array = np.asarray(array)
    little = array.dtype.newbyteorder("<")
    if little not in _STORED:
        raise InputError(must(f"tensor {name!r}", "of numbers or booleans", array.dtype))
    return Stored(_STORED[little], array.shape, array.astype(little, copy=False).tobytes())


def save_stored(
    path: str | Path,
    arrays: Mapping[str, Stored],
    *,
    values: Values = "float32",
    metadata: Mapping[str, str] | None = None,
) -> int:
    """As `save`, of arrays as a file holds them: types that numpy lacks, such as bfloat16, too."""
    if values not in ("float32", "float16"):
        raise InputError(must("values", "'float32' or 'float16'", repr(values)))
    held: dict[str, Stored] = {}
    entries: dict[str, Any] = {}
    for name, array in sorted(arrays.items()):
        free = name + MASK not in arrays and name + VALUES not in arrays
        if free and is_smaller(array, values):
            small, entries[name] = pack(name, array, values)
            held |= small
        else:
            held[name] = array
    words = {_FORMAT_KEY: FORMAT, _SMALL_KEY: json.dumps(entries, separators=(",", ":"))}
    return write_safetensors(path, held, {**_checked(metadata or {}), **words})


def _checked(metadata: Mapping[str, str]) -> Mapping[str, str]:
    for key, word in metadata.items():
        if not (isinstance(key, str) and isinstance(word, str)) or key.startswith("tenth_"):
            rule = "strings, under keys that do not start with 'tenth_'"
            raise InputError(must("metadata", rule, f"{key!r}: {word!r}"))
    return metadata


def write_safetensors(
    path: str | Path, arrays: Mapping[str, Stored], metadata: Mapping[str, str]
) -> int:
    """Write a safetensors file, whole or not at all, and return its bytes.

    Written here because the library's own writer takes numpy's types only. Wide types come first,
    so that every array starts at a multiple of its width.
    """
    if "__metadata__" in arrays:
        raise InputError(must("name of a tensor", "another", "__metadata__"))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    pieces, end = [], 0
    for name in sorted(arrays, key=lambda name: (-_width(arrays[name]), name)):
        array, begin = arrays[name], end
        end += len(array.data)
        header[name] = {"dtype": array.dtype, "shape": array.shape, "data_offsets": (begin, end)}
        pieces.append(array.data)
    words = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    words += b" " * (-len(words) % 8)
    data = b"".join((len(words).to_bytes(8, "little"), words, *pieces))
    write_bytes(path, data)
    return len(data)


def _width(array: Stored) -> int:
    return len(array.data) // array.size if array.size else 0


def load(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint, dense; an ordinary safetensors file is read as it is.

    float16 values come back as float32, and bfloat16 arrays, which numpy lacks, too: exactly.

    Raises:
        InputError: the file cannot be read.
        FormatError: it is damaged, of an unknown version, or holds a type unknown to numpy.
    """
    return {name: _as_numpy(name, stored) for name, stored in load_stored(path).items()}


def _as_numpy(name: str, stored: Stored) -> np.ndarray:
    if stored.dtype == "BF16":
        upper = np.frombuffer(stored.data, "<u2").astype("<u4")
        return (upper << 16).view("<f4").reshape(stored.shape)
    if stored.dtype not in _NUMPY:
        remedy = "Load it into its torch model."
        raise FormatError(
            must(f"tensor {name!r}", "of a type that numpy knows", stored.dtype, remedy)
        )
    return np.frombuffer(bytearray(stored.data), _NUMPY[stored.dtype]).reshape(stored.shape)


def load_stored(path: str | Path) -> dict[str, Stored]:
    """As `load`, with arrays as a file holds them."""
    data = _read(path)
    try:
        found = safetensors.deserialize(data)
    except safetensors.SafetensorError as error:
        raise FormatError(
            must(f"checkpoint {path}", "a whole safetensors file", error, "Save it again.")
        ) from error
    arrays = {
        name: Stored(info["dtype"], tuple(info["shape"]), bytes(info["data"]))
        for name, info in found
    }
    entries = _entries(path, _metadata_of(data))
    for name, entry in entries.items():
        if name in arrays:
            raise FormatError(must(f"tensor {name!r}", "either small or dense", "both"))
        arrays[name] = unpack(name, entry, arrays)
    return arrays


def _entries(path: str | Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    version = metadata.get(_FORMAT_KEY)
    if version is None:
        return {}
    if version != FORMAT:
        remedy = "Read it with the version of tenth that wrote it."
        raise FormatError(must(f"format of {path}", repr(FORMAT), repr(version), remedy))
    try:
        entries = json.loads(metadata.get(_SMALL_KEY, ""))
    except (ValueError, RecursionError) as error:
        raise FormatError(must(f"{_SMALL_KEY} of {path}", "JSON", "something else")) from error
    if not isinstance(entries, dict):
        raise FormatError(must(f"{_SMALL_KEY} of {path}", "an object", type(entries).__name__))
    return entries


def metadata(path: str | Path) -> dict[str, str]:
    """The words in the header that were given to `save`.

    Raises:
        InputError: the file cannot be read.
        FormatError: it is no safetensors file.
    """
    words = _metadata_of(_read(path, header_only=True))
    return {key: word for key, word in words.items() if not key.startswith("tenth_")}


def is_small(path: str | Path) -> bool:
    """Whether a file is a small checkpoint, of this version or another.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return _FORMAT_KEY in _metadata_of(_read(path, header_only=True))
    except FormatError:
        return False


def _read(path: str | Path, *, header_only: bool = False) -> bytes:
    try:
        with Path(path).open("rb") as file:
            length = file.read(8)
            stop = min(int.from_bytes(length, "little"), _LONGEST_HEADER) if header_only else -1
            return length + file.read(stop)
    except OSError as error:
        got = f"{path}: {error.strerror}"
        raise InputError(must("checkpoint", "a file that can be read", got)) from error


def _metadata_of(data: bytes) -> dict[str, str]:
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        words = header.get("__metadata__", {})
        return {str(key): str(word) for key, word in words.items()}
    except (ValueError, RecursionError, AttributeError) as error:
        raise FormatError(must("checkpoint", "a safetensors file", "another header")) from error
