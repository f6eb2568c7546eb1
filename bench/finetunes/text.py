"""English that is on every machine with Python: its manual, and what packages say of themselves."""

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distributions
from pydoc_data.topics import topics

_FEWEST, _MOST = 60, 800  # characters of a paragraph
_LETTERS = 0.7  # of a paragraph, else it is a table or a program


def manual() -> list[str]:
    """The topics of Python's manual, in the order of their names."""
    return [topics[name] for name in sorted(topics)]


@cache
def descriptions() -> list[str]:
    """What the installed packages say of themselves, in the order of their names."""
    found = {}
    for one in distributions():
        text = one.metadata.get_payload()  # type: ignore[attr-defined]
        if isinstance(text, str) and len(text) > _MOST:
            found[(one.metadata["Name"] or "").lower()] = text
    return [found[name] for name in sorted(found)]


def paragraphs(document: str) -> Iterator[str]:
    """Its paragraphs of prose, white space made plain."""
    for part in re.split(r"\n\s*\n", document):
        words = " ".join(part.split())
        letters = sum(letter.isalpha() or letter == " " for letter in words)
        if _FEWEST <= len(words) <= _MOST and letters >= _LETTERS * len(words):
            yield words


def neighbours() -> list[tuple[str, str]]:
    """Pairs of paragraphs that follow one another, in an order that is always the same."""
    pairs = []
    for document in manual() + descriptions():
        found = list(paragraphs(document))
        pairs += zip(found[::2], found[1::2], strict=False)
    return sorted(pairs, key=lambda pair: hashlib.sha256(pair[0].encode()).digest())


def fingerprint() -> str:
    """The SHA-256 of all text, as packages differ between machines."""
    whole = "\0".join(manual() + descriptions())
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()
