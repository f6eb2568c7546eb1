"""What the tensors of a small file stand for: values that are kept, and a bit a weight."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenth.errors import FormatError, must

_FORMAT, _KEY = "tenth_format", "tenth_small"
_READ = "tenth-small/1"
_VALUES, _MASK = ":values", ":mask"
Tensors = dict[str, tuple[str, int]]  # type and count of numbers, by name


def whole(path: Path, metadata: Any, tensors: Tensors) -> Tensors:
    """The tensors with each pair of kept values and mask as the one that it was made from.

    A file that is not small is as it is.

    Raises:
        FormatError: another version, or entries that do not fit the tensors.
    """
    said = metadata if isinstance(metadata, dict) else {}
    if _FORMAT not in said:
        return tensors
    if said[_FORMAT] != _READ:
        raise FormatError(must(f"format of {path}", _READ, repr(said[_FORMAT])))
    found = dict(tensors)
    for name, entry in _entries(path, said).items():
        packed = [found.pop(name + ending, None) for ending in (_VALUES, _MASK)]
        found[name] = ("F32", math.prod(_shape(path, name, entry)))
        if None in packed:
            got = f"no kept values or no mask of {name}"
            raise FormatError(must(str(path), "a whole small file", got))
    return found


def _entries(path: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    try:
        entries = json.loads(said[_KEY])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise FormatError(must(f"{_KEY} of {path}", "JSON", str(error)[:80])) from error
    if not isinstance(entries, dict):
        raise FormatError(must(f"{_KEY} of {path}", "a JSON object", type(entries).__name__))
    return entries


def _shape(path: Path, name: str, entry: Any) -> list[int]:
    shape = entry.get("shape") if isinstance(entry, dict) else None
    if not (isinstance(shape, list) and all(type(side) is int and side > 0 for side in shape)):
        raise FormatError(must(f"shape of {name!r} in {path}", "whole numbers from 1 up", shape))
    return shape
