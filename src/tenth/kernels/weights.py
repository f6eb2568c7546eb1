"""weights.bin: all weights of a program in one file, which is checked before it is used.

The format is described in docs/formats.md; `c/load.c` reads it.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tenth.kernels.records import VALUES, Record, Values

MAGIC = b"\x89TNW\r\n\x1a\n"
VERSION = 1
HEADER = struct.Struct("<8sIIQQQQ16x")
"""Magic, version, values, fingerprint, bytes, sections, checksum; 64 bytes."""
LOADED_ALIGNMENT = 64
_WRITTEN_ALIGNMENT = 8
_CHUNK_WORDS = 2**15


@dataclass(frozen=True)
class Section:
    """Where a record stands in the file and in memory, in bytes from their starts."""

    start: int
    size_bytes: int
    loaded_start: int
    loaded_bytes: int


@dataclass(frozen=True)
class WeightsFile:
    """The bytes of weights.bin, and what the C that loads it must know."""

    data: bytes
    sections: Mapping[str, Section]
    fingerprint: int
    loaded_bytes: int


def write_weights(records: Mapping[str, Record], about: str, values: Values) -> WeightsFile:
    """Lay out records and write them; `about` is what else their reader must agree on.

    Memory starts with a mark of 64 bytes; each record in it starts at a multiple of 64.
    """
    sections: dict[str, Section] = {}
    parts: list[bytes | memoryview] = []
    start, loaded = HEADER.size, LOADED_ALIGNMENT
    for name, record in records.items():
        size = len(record.data)
        sections[name] = Section(start, size, loaded, record.loaded_bytes)
        parts += [record.data, bytes(-size % _WRITTEN_ALIGNMENT)]
        start += size + -size % _WRITTEN_ALIGNMENT
        loaded += record.loaded_bytes + -record.loaded_bytes % LOADED_ALIGNMENT
    fingerprint = _fingerprint(about, values, records, tuple(sections.values()))
    body = b"".join(parts)
    header = HEADER.pack(
        MAGIC, VERSION, VALUES.index(values), fingerprint, start, len(records), checksum(body)
    )
    return WeightsFile(header + body, sections, fingerprint, loaded)


def checksum(body: bytes | memoryview) -> int:
    """The sum over all words of a hash of the word and its place, as load.c computes it."""
    words = np.frombuffer(body, "<u8")
    total = len(body)
    for start in range(0, len(words), _CHUNK_WORDS):
        word = words[start : start + _CHUNK_WORDS].astype(np.uint64)
        place = np.arange(start + 1, start + 1 + len(word), dtype=np.uint64)
        word ^= place * np.uint64(8) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            word ^= word >> np.uint64(shift)
            word *= np.uint64(factor)
        word ^= word >> np.uint64(31)
        total += int(word.sum(dtype=np.uint64))
    return total % 2**64


def _fingerprint(
    about: str, values: Values, records: Mapping[str, Record], sections: Sequence[Section]
) -> int:
    rows = [
        (record.unpack, *record.numbers, *section.__dict__.values())
        for record, section in zip(records.values(), sections, strict=True)
    ]
    digest = hashlib.sha256(repr((about, values, rows)).encode()).digest()
    return int.from_bytes(digest[:8], "little")
