"""Numbers as people type them: 7e9, 7B, 2T."""

import re

from tenth.errors import InputError, must

SUFFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}
# small letters are understood where they cannot be thousandths
_ALSO = {"b": "B", "g": "G", "t": "T"}
_FORM = re.compile(r"(.*?)\s*([A-Za-z]?)", re.DOTALL)


def amount(text: str) -> float:
    """A number, with k, M, B (or G) or T behind it.

    >>> amount("7B"), amount("2 T"), amount("1.5e9"), amount("300k")
    (7000000000.0, 2000000000000.0, 1500000000.0, 300000.0)

    Raises:
        InputError: no number, or another letter.
    """
    try:
        return float(text)
    except ValueError:
        pass
    found = _FORM.fullmatch(text)
    assert found is not None  # the form holds any text
    letter = _ALSO.get(found[2], found[2])
    try:
        return float(found[1]) * SUFFIXES[letter]
    except (KeyError, ValueError):
        rule = "a number such as 7e9, or with k, M, B, G or T behind it"
        raise InputError(must("an amount", rule, repr(text))) from None
