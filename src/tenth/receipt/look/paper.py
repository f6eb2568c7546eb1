"""How much of a document one sheet of A4 holds: long tables and lists are shortened until it fits.

Heights are counted in lines of a table. They are judged, not measured: the sheet has some room to
spare, as the letters of one system are wider than those of another.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

from tenth.receipt.look.blocks import (
    Block,
    Cards,
    Document,
    Facts,
    Formulas,
    Kinds,
    Listed,
    Pairs,
    Points,
    Routes,
    Section,
    Spans,
    Table,
)

SHEET = 71.0  # lines that are left below the first sentence
OFF = ("none", "screen")  # widths of sections that are not on paper
_LEAST = 2  # entries that a block keeps
_TITLE, _NOTICE, _HEAD, _WRAPPED = 2.0, 1.3, 1.2, 1.75
_CARDS, _PAIR, _KIND, _FACT, _FORMULA = 4.6, 2.5, 1.1, 1.75, 1.1

Shrinkable = Pairs | Table | Points | Facts | Formulas


def fit(document: Document, sheet: float = SHEET) -> Document:
    """The document with the `paper` of its blocks reduced, the longest first, until it fits."""
    sections = list(document.sections)
    room = sheet - _head(document)
    while sum(_heights(sections)) > room:
        longest = _longest(sections)
        if longest is None:
            break
        at, index = longest
        section = sections[at]
        blocks = list(section.blocks)
        block = blocks[index]
        assert isinstance(block, Shrinkable)
        blocks[index] = replace(block, paper=min(block.paper, len(_entries(block))) - 1)
        sections[at] = replace(section, blocks=blocks)
    return replace(document, sections=sections)


def _head(document: Document) -> float:
    """Lines of the head beyond one each; what is longer than two is cut by the styles."""
    told = [(document.title, 60, 1.6), (document.headline, 105, 1.2)]
    told += [(line, 130, 0.9) for line in document.subtitle]
    told += [(notice, 130, 0.9) for _, notice in document.notices]
    wrapped = sum(height for text, letters, height in told if _letters(text) > letters)
    return wrapped + _NOTICE * len(document.notices)


def _letters(text: str) -> int:
    return len(unescape(re.sub(r"<[^>]*>", "", text)))


def _longest(sections: list[Section]) -> tuple[int, int] | None:
    """Where the tallest block stands that can still be shortened."""
    heights = [
        (_height(block, half=section.width == "half"), at, index)
        for at, section in enumerate(sections)
        if section.width not in OFF
        for index, block in enumerate(section.blocks)
        if isinstance(block, Shrinkable) and min(block.paper, len(_entries(block))) > _least(block)
    ]
    if not heights:
        return None
    _, at, index = max(heights)
    return at, index


def _least(block: Shrinkable) -> int:
    return block.least if isinstance(block, Points) else _LEAST


def _heights(sections: list[Section]) -> Iterator[float]:
    """Of each row of sections on paper; two halves stand side by side."""
    before = 0.0  # of a half that waits for its other half
    for section in sections:
        if section.width in OFF:
            continue
        half = section.width == "half"
        height = _TITLE + sum(_height(block, half=half) for block in section.blocks)
        if not section.blocks:
            height += _WRAPPED
        if half and before:
            yield max(before, height)
            before = 0.0
        elif half:
            before = height
        else:
            yield before
            yield height
            before = 0.0
    yield before


def _entries(block: Shrinkable) -> list[object]:
    return [*(block.lines if isinstance(block, Table) else block.items)]


def _height(block: Block, *, half: bool) -> float:
    match block:
        case Cards():
            return _CARDS
        case Routes() | Spans() | Listed():
            return 0.0  # not on paper
        case Kinds():
            return _KIND * len(block.items)
    entries = len(_entries(block))
    shown = min(entries, block.paper)
    more = 1.0 if entries > shown else 0.0
    if isinstance(block, Pairs):
        return _PAIR * math.ceil(shown / 2) + more
    if isinstance(block, Points):
        columns = 1 if half else 2
        return _WRAPPED * math.ceil((shown + more) / columns)
    if isinstance(block, Facts):
        return _FACT * shown
    if isinstance(block, Formulas):
        return _FORMULA * shown
    return _HEAD + shown + more
