"""Numbers as people type them."""

import pytest

from tenth.cli.amounts import SUFFIXES, amount
from tenth.errors import InputError


@pytest.mark.parametrize(
    ("text", "number"),
    [("7e9", 7e9), ("7B", 7e9), ("7b", 7e9), ("1.5G", 1.5e9), ("2 T", 2e12), ("300k", 3e5),
     ("1e3M", 1e9), (" 5 ", 5), ("-7B", -7e9)],
)  # fmt: skip
def test_a_number_with_or_without_a_letter(text, number):
    assert amount(text) == number


@pytest.mark.parametrize("letter", SUFFIXES)
def test_every_letter_is_understood(letter):
    assert amount(f"2{letter}") == 2 * SUFFIXES[letter]


@pytest.mark.parametrize("text", ["", "B", "7q", "7m", "7BB", "7,0B", "seven", "7\n\n9", "٧x"])
def test_what_is_no_amount_is_refused_in_a_sentence(text):
    with pytest.raises(InputError, match="must be a number such as"):
        amount(text)
