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


def findings(form: Mapping[str, Any]) -> list[str]:
    """What is not as it was sealed, in words; none if all is, or if there never was a chain.

    Stages are told apart by what is in them, so that one that is gone is missing and those after
    it are not called edited.
    """
    if "chain" not in form:
        return []
    found = broken(form)
    sealed, here = _stage_links(form), form["stages"]
    if len(sealed) == len(here):
        return [f"{_titled(form, name)} is not what was sealed" for name in found]
    told = []
    gone, strange = _matched(sealed, here)
    if len(here) < len(sealed):
        numbers = ", ".join(str(index + 1) for index in gone) or "the last"
        told.append(f"a stage is missing: {len(sealed)} were sealed, not here: {numbers}")
        strange = strange[: max(0, len(gone) - (len(sealed) - len(here)))]
        told += [f"{_titled(form, _stage(index))} is not what was sealed" for index in strange]
    else:
        names = ", ".join(_titled(form, _stage(index)) for index in strange)
        told.append(f"a stage was added: {len(sealed)} were sealed, new or changed: {names}")
    others = [name for name in found if not name.startswith("stages[")]
    return told + [f"{name} is not what was sealed" for name in others]


def _stage_links(form: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Of each sealed stage: the link before it, its name, its link."""
    links, before = [], ""
    for link in form["chain"]:
        if link["of"].startswith("stages["):
            links.append((before, link["of"], link["sha256"]))
        before = link["sha256"]
    return links


def _matched(
    sealed: list[tuple[str, str, str]], here: list[dict[str, Any]]
) -> tuple[list[int], list[int]]:
    """Places of sealed stages that are nowhere here, and of stages here that were not sealed."""
    gone, strange = [], list(range(len(here)))
    for place, (before, name, link) in enumerate(sealed):
        same = (index for index in strange if _link(before, name, here[index]) == link)
        found = next(same, None)
        if found is None:
            gone.append(place)
        else:
            strange.remove(found)
    return gone, strange


def _stage(index: int) -> str:
    return f"stages[{index}]"


def _titled(form: Mapping[str, Any], name: str) -> str:
    """The name of a piece, with that of the stage which it is."""
    index = name.removeprefix("stages[").removesuffix("]")
    if not index.isdigit() or int(index) >= len(form["stages"]):
        return name
    return f"{name} ({form['stages'][int(index)]['name']})"


def _pieces(form: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for index, stage in enumerate(form["stages"]):
        yield _stage(index), stage
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
