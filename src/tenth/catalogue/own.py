"""Reading a user's own table strictly: what is not understood is refused, with its line."""

import csv
import difflib
import math
from collections.abc import Collection, Sequence
from pathlib import Path

from tenth.catalogue.tables import Row
from tenth.errors import FormatError, must

_MOST_BYTES = 4 << 20


def read(path: str | Path, required: Sequence[str], optional: Sequence[str]) -> list[Row]:
    """The rows of a CSV file with a header; every column is in every row, empty if left out.

    `line` is added to each row: where it stands, for messages.

    Raises:
        FormatError: not readable, not UTF-8, a column missing, unknown or twice, a row of another
            length, a required cell empty, or no row at all.
    """
    path = Path(path)
    reader = csv.reader(_text(path).splitlines(), strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except csv.Error as error:
        got = f"line {reader.line_num}: {error}"
        raise FormatError(must(f"table {path}", "CSV", got)) from error
    header = lines[0][1] if lines else []
    _check_header(path, header, required, optional)
    rows = []
    for number, cells in lines[1:]:
        where = f"line {number} of {path}"
        if len(cells) != len(header):
            raise FormatError(must(where, f"{len(header)} cells as in the header", len(cells)))
        row = dict.fromkeys((*required, *optional), "") | dict(zip(header, cells, strict=True))
        empty = [name for name in required if not row[name]]
        if empty:
            raise FormatError(must(where, f"a row with {', '.join(required)}", f"no {empty[0]}"))
        rows.append(row | {"line": where})
    if not rows:
        raise FormatError(must(f"table {path}", "a header and at least one row", "no row"))
    return rows


def _text(path: Path) -> str:
    try:
        if path.stat().st_size <= _MOST_BYTES:
            return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FormatError(f"table {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FormatError(must(f"table {path}", "text in UTF-8", str(error))) from error
    raise FormatError(must(f"table {path}", "at most 4 MB", f"{path.stat().st_size} bytes"))


def _check_header(
    path: Path, header: list[str], required: Sequence[str], optional: Sequence[str]
) -> None:
    known = [*required, *optional]
    for name in header:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            remedy = f"Did you mean {near[0]}?" if near else f"Columns are {', '.join(known)}."
            raise FormatError(must(f"column of {path}", "a known one", repr(name), remedy))
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice:
        raise FormatError(must(f"columns of {path}", "named once", f"{twice} twice"))
    missing = [name for name in required if name not in header]
    if missing:
        got = ", ".join(header) or "an empty file"
        rule = f"a table with {', '.join(required)}"
        raise FormatError(must(f"table {path}", rule, got, f"Add {', '.join(missing)}."))


def number(row: Row, column: str) -> float | None:
    """The number above 0 in a cell; None if it is empty.

    Raises:
        FormatError: it is no such number; the message names the line.
    """
    text = row[column]
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        rule = "a number above 0, or empty if unknown"
        raise FormatError(must(f"{column} in {row['line']}", rule, repr(text)))
    return value


def word(row: Row, column: str, words: Collection[str]) -> str:
    """The word in a cell, one of `words`.

    Raises:
        FormatError: it is none of them; the message names the line.
    """
    if row[column] not in words:
        rule = "one of " + ", ".join(words)
        raise FormatError(must(f"{column} in {row['line']}", rule, repr(row[column])))
    return row[column]
