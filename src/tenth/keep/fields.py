"""Members of JSON that nobody vouches for: of the right kind, in bounds, or an `InputError`."""

import re
import reprlib
from typing import Any

from tenth.errors import InputError, must
from tenth.keep.dtypes import DTYPES

MOST_SIZE = 1 << 50
_HALF = re.compile("[\ud800-\udfff]")  # half of a pair: text that UTF-8 cannot write


def a_list(value: Any, most: int, least: int = 0) -> list[Any]:
    """A list of so many members."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise InputError(must("a list", f"of {least} to {most:,} members", short(value)))
    return value


def an_object(value: Any) -> dict[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise InputError(must("a table", "an object", short(value)))
    return value


def a_count(value: Any, most: int = MOST_SIZE) -> int:
    """A whole number from 0 on."""
    if type(value) is not int or not 0 <= value <= most:  # True is an int
        raise InputError(must("a number", f"whole, 0 to {most:,}", short(value)))
    return value


def a_text(value: Any) -> str:
    """Text of bearable length."""
    if not isinstance(value, str) or len(value) > 65536 or _HALF.search(value):
        raise InputError(must("a word", "text", short(value)))
    return value


def a_word(value: Any, pattern: re.Pattern[str]) -> str:
    """Text of the form of `pattern`."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InputError(must("an id or a name", f"of the form {pattern.pattern}", short(value)))
    return value


def a_dtype(value: Any) -> str:
    """The name of an element type."""
    if not isinstance(value, str) or value not in DTYPES:
        raise InputError(must("dtype", f"one of {', '.join(DTYPES)}", short(value)))
    return value


def short(value: Any) -> str:
    """A value as an error shows it."""
    shown = reprlib.repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"
