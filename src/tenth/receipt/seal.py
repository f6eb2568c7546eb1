"""A hash chain over a receipt, so that an edit made later is found and named.

Each link is the SHA-256 of the link before it and of one piece of the receipt in canonical JSON:
keys sorted, no spaces, UTF-8, numbers as Python writes them. The stages come first, in order, then
every other field. This is evidence against accidents and casual edits. It is no signature: whoever
writes a new chain over what he changed is not found out. Sign the file for that.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

_NOT_SEALED = ("chain", "sources")  # sources are read into the figures before they are sealed


def chain(form: Mapping[str, Any]) -> list[dict[str, str]]:
    """The links over a receipt's form, each with the name of its piece."""
    links: list[dict[str, str]] = []
    before = ""
    for name, piece in _pieces(form):
        before = _link(before, name, piece)
        links.append({"of": name, "sha256": before})
    return links


def broken(form: Mapping[str, Any]) -> list[str]:
    """Names of the pieces that are not what was sealed, in order; none if all is as it was."""
    sealed = list(form.get("chain", ()))
    pieces = list(_pieces(form))
    names = [name for name, _ in pieces]
    found = [name for name in (link["of"] for link in sealed) if name not in names]
    found += [name for name in names if name not in [link["of"] for link in sealed]]
    before = ""
    contents = dict(pieces)
    for link in sealed:
        name = link["of"]
        # each link is tried from the one that stands before it, so that one edit breaks one link
        if name in contents and _link(before, name, contents[name]) != link["sha256"]:
            found.append(name)
        before = link["sha256"]
    return list(dict.fromkeys(found))


def _pieces(form: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for index, stage in enumerate(form["stages"]):
        yield f"stages[{index}]", stage
    for name in sorted(form):
        if name not in ("stages", *_NOT_SEALED):
            yield name, form[name]


def _link(before: str, name: str, piece: Any) -> str:
    return hashlib.sha256(before.encode() + _canonical([name, piece])).hexdigest()


def _canonical(value: Any) -> bytes:
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()
