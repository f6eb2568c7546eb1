"""The bases that a model names itself. They are hints: what it was made of may be another model."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_LONGEST = 500
MOST_BYTES = 16_000_000

# the file of a folder, and the fields that name a base, the surest first
_FIELDS = (
    ("adapter_config.json", "base_model_name_or_path"),
    ("README.md", "base_model"),
    ("config.json", "_name_or_path"),
)
NAMES = tuple(file for file, _ in _FIELDS)


def declared(texts: Mapping[str, bytes]) -> tuple[str, ...]:
    """The bases named in the files of a model, each once, the surest first.

    texts: contents of those of `NAMES` that are there, up to `MOST_BYTES` of each. What
    cannot be read names nothing.
    """
    found: dict[str, None] = {}
    for file, key in _FIELDS:
        data = texts.get(file, b"")
        names = _of_card(data) if file.endswith(".md") else _of_json(data, key)
        found |= dict.fromkeys(name for name in names if 0 < len(name) <= _LONGEST)
    return tuple(found)


def shards(index: bytes) -> set[str]:
    """The files that the index of a sharded model names; none if it cannot be read."""
    fields = _object(index)
    weights = fields.get("weight_map")
    names = weights.values() if isinstance(weights, dict) else ()
    return {name for name in names if isinstance(name, str)}


def _of_json(data: bytes, key: str) -> Iterator[str]:
    value = _object(data).get(key)
    if isinstance(value, str):
        yield value


def _object(data: bytes) -> dict[str, Any]:
    try:
        fields: Any = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _of_card(data: bytes) -> Iterator[str]:
    """`base_model` of the YAML between two lines `---`: a word, or a list of words."""
    lines = data.decode("utf-8", "replace").splitlines()
    if not lines or lines[0].strip() != "---":
        return
    inside = False
    for line in lines[1:]:
        if line.strip() == "---":
            return
        if inside and (item := re.match(r"\s*-\s+(.+)", line)):
            yield _bare(item[1])
            continue
        inside = False
        if field := re.match(r"base_model:(.*)", line):
            value = field[1].strip()
            inside = not value
            yield from (_bare(word) for word in value.strip("[]").split(",") if value)


def _bare(word: str) -> str:
    return word.split(" #")[0].strip().strip("'\"")
