"""A receipt's form as a file: each source stands once, a figure takes one line.

In memory a figure's `source` and `reason` are texts. In a file each may be a number: its place in
the list `sources`. A receipt that writes them out is valid too.
"""

import json
from collections.abc import Mapping
from typing import Any

from tenth.errors import FormatError, must

TEXTS = {"source", "reason"}  # of a figure
_INLINE = 200  # characters of an object or a list that stays on one line


def packed(form: Mapping[str, Any]) -> dict[str, Any]:
    """The same form with its sources in one list."""
    places: dict[str, int] = {}
    small = _map_sources(form, lambda text: places.setdefault(text, len(places)))
    small["sources"] = list(places)
    return small


def unpacked(form: Mapping[str, Any]) -> dict[str, Any]:
    """The same form with each source in its figure.

    Raises:
        FormatError: a number that the list does not hold.
    """
    sources = form.get("sources", [])

    def text_of(source: str | int) -> str:
        if isinstance(source, str):
            return source
        if not 0 <= source < len(sources):
            raise FormatError(must("source", f"one of the {len(sources)} listed", source))
        return sources[source]

    return {**_map_sources(form, text_of), "sources": []}


def is_figure(node: Mapping[str, Any]) -> bool:
    """Whether a JSON object of a receipt is a figure."""
    return "value" in node and isinstance(node.get("label"), str)


def text(form: Mapping[str, Any]) -> str:
    """The file's text: what is short on one line, the rest indented by one space a level."""
    return _text(form, "") + "\n"


def _map_sources(node: Any, change: Any) -> Any:
    if isinstance(node, list):
        return [_map_sources(item, change) for item in node]
    if not isinstance(node, Mapping):
        return node
    figure = is_figure(node)
    return {
        key: change(value) if figure and key in TEXTS else _map_sources(value, change)
        for key, value in node.items()
    }


def _text(node: Any, margin: str) -> str:
    line = json.dumps(node, ensure_ascii=False, allow_nan=False)
    if not isinstance(node, dict | list) or len(line) <= _INLINE or not node:
        return line
    inner = margin + " "
    if isinstance(node, list):
        items, marks = [_text(item, inner) for item in node], "[]"
    else:
        items = [
            f"{json.dumps(key, ensure_ascii=False)}: {_text(value, inner)}"
            for key, value in node.items()
        ]
        marks = "{}"
    body = f",\n{inner}".join(items)
    return f"{marks[0]}\n{inner}{body}\n{margin}{marks[1]}"
