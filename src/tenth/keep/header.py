"""The header of a safetensors file, read more strictly than the format's own reader does.

A file is 8 bytes of header length, little-endian; a JSON object of that length; then the tensors,
one after the other without a gap. The object has an entry `{"dtype", "shape", "data_offsets"}` for
each tensor, and under `__metadata__` words for people. Source: the format's description,
https://github.com/huggingface/safetensors.

Everything is checked before anything is believed: a name that stands twice, sizes that do not fit
the shape, tensors that overlap. What a file says has no effect but to be compared.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tenth.errors import FormatError, InputError, must
from tenth.keep.dtypes import DTYPES

LONGEST_HEADER = 100_000_000  # bytes of JSON; the format's own limit
MOST_TENSORS = 100_000
MOST_DIMENSIONS = 64
DEEPEST = 64
_LENGTH_BYTES = 8
_MOST_BITS = 2**63
_METADATA = "__metadata__"
_FIELDS = ("dtype", "shape", "data_offsets")
_TORN = "The file is damaged: fetch it again."
# possessive, so that no hostile text makes it go back and forth
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


class UnexplainedError(FormatError):
    """A file that may be whole, but of which not all bytes are explained: it can be kept as it is.

    It has bytes behind its last tensor, or a tensor of a type that came after this program.
    """


class Tensor(NamedTuple):
    """One tensor of a file: its bytes are [start, end) of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """What a header says: the tensors in the order of their bytes, which start at `size`.

    `warnings` names what is unusual and harmless. The header's own bytes are [0, size) of the file.
    """

    tensors: tuple[Tensor, ...]
    metadata: dict[str, str]
    size: int
    warnings: tuple[str, ...] = field(default=())


def header_size(start: bytes, file_size: int) -> int:
    """Bytes before the first tensor, from the first 8 bytes of a file.

    Raises:
        FormatError: the file is shorter than that, or the length is none that the format allows.
    """
    if len(start) < _LENGTH_BYTES or file_size < _LENGTH_BYTES:
        shortest = min(len(start), file_size)
        raise FormatError(must("safetensors file", "8 bytes long or longer", shortest, _TORN))
    length = int.from_bytes(start[:_LENGTH_BYTES], "little")
    if length > LONGEST_HEADER:
        rule = f"at most {LONGEST_HEADER} bytes"
        raise FormatError(must("header of a safetensors file", rule, length, _TORN))
    if _LENGTH_BYTES + length > file_size:
        got = f"a header of {length} bytes in a file of {file_size}"
        raise FormatError(must("safetensors file", "as long as its header or longer", got, _TORN))
    return _LENGTH_BYTES + length


def parse(
    data: bytes, file_size: int, *, strict: bool = False, most_tensors: int = MOST_TENSORS
) -> Header:
    """Read a header from the first bytes of a file, all of `header_size` or more.

    Time and memory are proportional to the header, whatever it holds.

    strict: also refuse spaces before the opening brace, which are only unusual.
    most_tensors: a file with more is refused.

    Raises:
        UnexplainedError: the file may be whole, and can be kept as it is.
        FormatError: it is damaged, or made to do harm. Each rule has a message of its own.
        InputError: `data` is shorter than the header.
    """
    size = header_size(data, file_size)
    if len(data) < size:
        raise InputError(must("data", f"the {size} bytes of the header or more", len(data)))
    fields, warnings = _object(bytes(data[_LENGTH_BYTES:size]), strict, most_tensors)
    metadata = _metadata(fields.pop(_METADATA, {}))
    if len(fields) > most_tensors:
        raise _too_many(len(fields), most_tensors)
    tensors = [_tensor(name, entry, warnings) for name, entry in fields.items()]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end))
    _check_places(tensors, file_size - size)
    moved = (t._replace(start=t.start + size, end=t.end + size) for t in tensors)
    return Header(tuple(moved), metadata, size, tuple(warnings))


def _too_many(count: int, most: int) -> FormatError:
    remedy = "Allow more if you trust the file."
    return FormatError(must("tensors of a file", f"at most {most}", count, remedy))


def _wrong(thing: str, rule: str, got: object) -> FormatError:
    return FormatError(must(thing, rule, str(got)[:200], _TORN))


def _object(words: bytes, strict: bool, most_tensors: int) -> tuple[dict[str, Any], list[str]]:
    """The JSON object of a header, and what is unusual about it."""
    try:
        text = words.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong("header", "UTF-8", f"another byte at {error.start}") from error
    warnings: list[str] = []
    if not text.startswith("{"):
        if strict or not text.lstrip(" \t\r\n").startswith("{"):
            raise _wrong("header", "a JSON object from its first byte on", repr(text[:1]))
        warnings.append("there are spaces before the header's opening brace")
    _check_bulk(words, most_tensors)
    try:
        found = json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer
        )
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise _wrong("header", "JSON", error) from error
    return found, warnings


def _check_bulk(words: bytes, most_tensors: int) -> None:
    """Refuse, before it is parsed, a header of few bytes that would take a great deal of memory."""
    marks = _STRINGS.sub(b"", words)
    if marks.count(b"[") + marks.count(b"{") > 4 * most_tensors + 4:
        raise _too_many(marks.count(b"{"), most_tensors)
    if marks.count(b",") > 16 * most_tensors:
        raise _wrong("header", f"at most {16 * most_tensors} numbers and words", marks.count(b","))
    depth = 0
    for mark in re.finditer(rb"[\[\]{}]", marks):
        depth += 1 if mark[0] in b"[{" else -1
        if depth > DEEPEST:
            raise _wrong("header", f"nested at most {DEEPEST} deep", "more")
        if depth < 0:
            raise _wrong("header", "JSON", "a bracket that closes nothing")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _wrong("name in a header", "there once", f"{key!r} twice")
        for word in (key, value):
            if isinstance(word, str) and not _is_text(word):
                raise _wrong("word in a header", "text", f"half a surrogate pair in {word!r}")
        found[key] = value
    return found


def _is_text(word: str) -> bool:
    return word.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in word)


def _constant(word: str) -> Any:
    raise _wrong("number in a header", "a JSON number", word)


def _integer(digits: str) -> int | float:
    # JSON's -0 is a float to the format's reader
    return -0.0 if digits == "-0" else int(digits)


def _metadata(words: Any) -> dict[str, str]:
    if not isinstance(words, dict):
        raise _wrong(_METADATA, "an object of strings", type(words).__name__)
    for key, word in words.items():
        if not isinstance(word, str):
            raise _wrong(f"{_METADATA} {key!r}", "a string", type(word).__name__)
    return words


def _tensor(name: str, entry: Any, warnings: list[str]) -> Tensor:
    thing = f"tensor {name[:100]!r}"
    if not isinstance(entry, dict):
        raise _wrong(thing, "an object", type(entry).__name__)
    for word in _FIELDS:
        if word not in entry:
            raise _wrong(thing, f"given its {word}", "none")
    if len(entry) > len(_FIELDS):
        unknown = sorted(set(entry) - set(_FIELDS))[0]
        warnings.append(f"{thing} has a field that the format does not know: {unknown[:100]!r}")
    start, end = _offsets(thing, entry["data_offsets"])
    shape = _shape(thing, entry["shape"])
    dtype = entry["dtype"]
    if not isinstance(dtype, str):
        raise _wrong(f"dtype of {thing}", "a string", type(dtype).__name__)
    if dtype not in DTYPES:
        remedy = "It can be kept as an opaque file."
        raise UnexplainedError(must(f"dtype of {thing}", "one that tenth knows", dtype, remedy))
    _check_size(thing, shape, DTYPES[dtype].bits, end - start)
    return Tensor(name, dtype, shape, start, end)


def _is_count(number: Any) -> bool:
    return type(number) is int and 0 <= number < 2**64


def _offsets(thing: str, offsets: Any) -> tuple[int, int]:
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(map(_is_count, offsets))):
        raise _wrong(f"data_offsets of {thing}", "two whole numbers from 0 up", offsets)
    start, end = offsets
    if end < start:
        raise _wrong(f"data_offsets of {thing}", "in order", offsets)
    return start, end


def _shape(thing: str, shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list):
        raise _wrong(f"shape of {thing}", "a list", type(shape).__name__)
    if len(shape) > MOST_DIMENSIONS:
        raise _wrong(f"shape of {thing}", f"of at most {MOST_DIMENSIONS} dimensions", len(shape))
    for side in shape:
        if not _is_count(side):
            raise _wrong(f"shape of {thing}", "of whole numbers from 0 up, below 2^64", side)
    return tuple(shape)


def _check_size(thing: str, shape: Sequence[int], bits: int, size: int) -> None:
    # also where one side is 0: programs multiply the others
    if math.prod(side or 1 for side in shape) * bits >= _MOST_BITS:
        raise _wrong(f"shape of {thing}", "of fewer than 2^63 bits", list(shape))
    wanted = math.prod(shape) * bits
    if wanted % 8:
        raise _wrong(thing, "of whole bytes", f"{math.prod(shape)} numbers of {bits} bits")
    if wanted // 8 != size:
        rule = f"{wanted // 8} bytes, as its dtype and shape say"
        raise _wrong(f"place of {thing}", rule, size)


def _check_places(tensors: Sequence[Tensor], room: int) -> None:
    """Tensors in the order of their bytes fill `room` exactly."""
    reached = 0
    for tensor in tensors:
        if tensor.start != reached:
            thing = f"tensor {tensor.name[:100]!r}"
            if reached == 0:
                raise _wrong(f"first {thing}", "from offset 0 on", tensor.start)
            if tensor.start > reached:
                raise _wrong(thing, f"from {reached} on: no hole", tensor.start)
            raise _wrong(thing, f"from {reached} on: no overlap", tensor.start)
        reached = tensor.end
    if reached > room:
        raise _wrong("file", f"whole: {reached} bytes of tensors", f"{room}: it is cut short")
    if reached < room:
        remedy = "It can be kept as an opaque file."
        rule = f"at its end behind {reached} bytes of tensors"
        raise UnexplainedError(must("safetensors file", rule, f"{room - reached} more", remedy))
