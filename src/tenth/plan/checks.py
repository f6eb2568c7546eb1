"""Refusing sizes that are no sizes, in one sentence."""

import math
from numbers import Integral, Real
from typing import Any

from tenth.errors import InputError, must

# what nobody has: the largest models have 1e13 parameters, all text there is 1e15 tokens
MOST_PARAMETERS, MOST_SAMPLES = 1e18, 1e20


def above_zero(thing: str, value: Any, remedy: str = "") -> float:
    """Return `value` as a float if it is a finite number above 0.

    Raises:
        InputError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(must(thing, "a number above 0", repr(value), remedy))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and number > 0):
        raise InputError(must(thing, "a finite number above 0", number, remedy))
    return number


def at_most(thing: str, value: float, most: float) -> float:
    """Return `value` if it is not above `most`, beyond which no arithmetic here means anything.

    Raises:
        InputError: it is.
    """
    if value > most:
        raise InputError(must(thing, f"at most {most:g}", f"{value:g}"))
    return value


def whole(thing: str, value: Any, remedy: str = "") -> int:
    """Return `value` as an int if it is a whole number of at least 1.

    Raises:
        InputError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InputError(must(thing, "a whole number of at least 1", repr(value), remedy))
    return int(value)
