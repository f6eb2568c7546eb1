"""Reading the catalogue's CSV files, and finding a row by a name that people type.

An empty cell is unknown, never zero.
"""

import csv
import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from tenth.errors import InputError, must
from tenth.figures import Figure, unknown

Row = Mapping[str, str]
Found = TypeVar("Found")


@cache
def rows(name: str) -> tuple[Row, ...]:
    """The rows of `data/<name>.csv`, each a mapping from column to text."""
    text = files("tenth.catalogue").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def cell(row: Row, column: str, unit: str, scale: float = 1.0) -> Figure:
    """The number in a cell times `scale`, as a given figure; unknown if the cell holds none.

    A cell such as `16 or 32` or `2-16` gives its smallest number, with the others as the interval.
    """
    text = row[column].strip()
    if not text:
        return unknown(unit, f"{row['name']}: {column} is not published in the table")
    if not re.fullmatch(r"[\d.e+-]+( or [\d.]+)*|[\d.]+-[\d.]+", text):
        return unknown(unit, f"{row['name']}: {column} is {text!r}, not one number")
    numbers = [float(part) * scale for part in re.split(r" or |(?<=\d)-(?=\d)", text)]
    word = "table, unverified" if row["confidence"] == "C" else "table"
    source = f"{word}: {row['spec_source']}"
    return Figure(min(numbers), unit, min(numbers), max(numbers), "given", source)


def simplified(name: str) -> str:
    """A name without case, spaces and signs, save the + that tells an 8480 from an 8480+."""
    return re.sub(r"[^\w+]|_", "", name.casefold())


def pick(
    table: Mapping[str, Found], name: Any, thing: str, *, listing: Iterable[str], hint: str
) -> Found:
    """The entry of `table` (keys simplified) called `name`.

    Args:
        table: simplified name to entry.
        name: as typed.
        thing: what is looked for, for the message.
        listing: the names to offer when there is no such entry.
        hint: what to do when none of them is near.

    Raises:
        InputError: no such entry; the message holds the near matches.
    """
    wanted = simplified(name) if isinstance(name, str) else ""
    if wanted in table:
        return table[wanted]
    written = {simplified(entry): entry for entry in listing}
    near = [written[n] for n in difflib.get_close_matches(wanted, written, n=3, cutoff=0.6)]
    remedy = f"Did you mean {' or '.join(near)}?" if near else hint
    raise InputError(must(thing, "in the catalogue", repr(name), remedy))
