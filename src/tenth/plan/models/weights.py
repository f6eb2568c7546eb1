"""Sizes from safetensors files: their headers alone are read, never a weight."""

import json
import math
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenth.errors import FormatError, must
from tenth.plan.models.packed import Tensors, whole

_MOST_HEADER = 100 << 20  # the format's own limit
_BITS = {"F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16}
_BITS |= {"I16": 16, "U16": 16, "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8}
_BITS |= {"F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
_BITS |= {"C64": 64}


@dataclass(frozen=True)
class Weights:
    """What the headers say: `parameters`, `size_bytes` of their data, and numbers of each type.

    A small file of tenth's counts as the weights that it stands for, zeros among them.
    """

    parameters: int
    size_bytes: int
    types: dict[str, int]


def read_weights(path: str | Path) -> Weights:
    """Count a safetensors file, or all those of a folder (a sharded model).

    A folder with an index counts the files that the index names, each of them there.

    Raises:
        FormatError: nothing to read, a damaged header, or a shard that is missing.
    Source: the safetensors format, github.com/huggingface/safetensors.
    """
    path = Path(path)
    types: Counter[str] = Counter()
    size = 0
    for file in _files(path):
        metadata, tensors = _header(file)
        size += sum(-(-count * _BITS[kind] // 8) for kind, count in tensors.values())
        for kind, count in whole(file, metadata, tensors).values():
            types[kind] += count
    return Weights(sum(types.values()), size, dict(types))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    indexes = sorted(path.glob("*.safetensors.index.json"))
    if len(indexes) > 1:
        got = ", ".join(index.name for index in indexes)
        raise FormatError(must(f"folder {path}", "one model", got, "Name one file."))
    if indexes:
        return _of_index(path, indexes[0])
    files = sorted(path.glob("*.safetensors"))
    if not files:
        rule = "one with a config.json or .safetensors files"
        raise FormatError(must(f"folder {path}", rule, "neither"))
    return files


def _of_index(folder: Path, index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        files = [folder / name for name in names if Path(name).name == name]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FormatError(must(str(index), "a safetensors index", str(error))) from error
    if len(files) < len(names) or not names:
        raise FormatError(must(str(index), "an index of files in its own folder", names))
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        got = f"without {', '.join(missing[:3])}"
        raise FormatError(must(f"folder {folder}", "complete", got, "Fetch the rest of it."))
    return files


def _header(path: Path) -> tuple[Any, Tensors]:
    """The metadata of a file, and the type and count of each of its tensors."""
    try:
        with path.open("rb") as file:
            total = path.stat().st_size
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            fits = 2 <= length <= min(_MOST_HEADER, total - 8)
            text = file.read(length) if fits else b""
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}.") from error
    if not fits:
        got = f"{total} bytes with a header of {length}"
        raise FormatError(must(str(path), "a whole safetensors file", got))
    try:
        form = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(must(f"header of {path}", "JSON", str(error)[:80])) from error
    if not isinstance(form, dict):
        raise FormatError(must(f"header of {path}", "a JSON object", type(form).__name__))
    tensors = {name: entry for name, entry in form.items() if name != "__metadata__"}
    return form.get("__metadata__"), _counted(path, tensors, total - 8 - length)


def _counted(path: Path, tensors: dict[str, Any], data_bytes: int) -> Tensors:
    counted: Tensors = {}
    for name, entry in tensors.items():
        kind, shape, end = _entry(path, name, entry)
        counted[name] = (kind, math.prod(shape))
        if end > data_bytes:
            got = f"{name} ends at {end} of {data_bytes} bytes"
            raise FormatError(must(str(path), "a whole safetensors file", got, "Fetch it again."))
    return counted


def _entry(path: Path, name: str, entry: Any) -> tuple[str, list[int], int]:
    try:
        kind, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole = all(type(n) is int and n >= 0 for n in (*shape, begin, end))
        bits = math.prod(shape) * _BITS[kind]
        if whole and end - begin == -(-bits // 8):
            return kind, shape, end
    except (KeyError, TypeError, ValueError):
        pass
    raise FormatError(must(f"tensor {name!r} of {path}", "a type, a shape and its bytes", entry))
