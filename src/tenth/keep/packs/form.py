"""Packs: immutable files of payloads, named by their hash.

    header      b"tenthpak", version u32, zero u32                                    16 bytes
    payloads    one after the other, without gaps
    index       for each payload: start u64, size u64, first 16 bytes of its BLAKE3   32 bytes each
    footer      payloads u64, start of the index u64, size of the pack u64,
                BLAKE3 of the index and of these three numbers, b"endofpak"           64 bytes

Numbers are little-endian. A pack is `objects/ab/<BLAKE3 of the whole file>`, with the first two
digits as the folder. So a pack can be checked without anything else, and a cut one shows at once.
"""

import struct
from dataclasses import dataclass

from blake3 import blake3

from tenth.errors import DamagedError, InputError, must
from tenth.keep.places import Place, hashed

TARGET_BYTES = 128 << 20
MOST_PAYLOADS = 1 << 20  # in one pack: an index of 32 MiB

HEADER = struct.pack("<8sII", b"tenthpak", 1, 0)
SLOT = struct.Struct("<QQ16s")
_COUNTS = struct.Struct("<QQQ")
FOOTER_BYTES = _COUNTS.size + 32 + 8
_END = b"endofpak"


@dataclass(frozen=True, slots=True)
class Span:
    """Where a payload lies: bytes [start, start + size) of a pack."""

    pack: str
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A payload as the index of its pack has it; `digest` is half a BLAKE3."""

    start: int
    size: int
    digest: bytes


def pack_key(pack: str) -> str:
    """The key of a pack.

    Raises:
        InputError: `pack` is not a BLAKE3 in lower-case hex.
    """
    return f"objects/{checked_id(pack)[:2]}/{pack}"


def checked_id(digest: str) -> str:
    """Give back a BLAKE3 in lower-case hex.

    Raises:
        InputError: it is none.
    """
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise InputError(must("id of an object", "64 lower-case hex digits", repr(digest[:80])))
    return digest


def short_digest(data: bytes | memoryview) -> bytes:
    """The first 16 bytes of the BLAKE3 of a payload."""
    return blake3(data).digest(16)


def tail(slots: list[Slot]) -> bytes:
    """Index and footer of a pack of these payloads."""
    index = b"".join(SLOT.pack(slot.start, slot.size, slot.digest) for slot in slots)
    start = slots[-1].start + slots[-1].size if slots else len(HEADER)
    counts = _COUNTS.pack(len(slots), start, start + len(index) + FOOTER_BYTES)
    return index + counts + blake3(index + counts).digest() + _END


def index(place: Place, pack: str) -> list[Slot]:
    """The payloads of a pack, from its index; three small reads.

    Raises:
        MissingError: the pack is not there.
        DamagedError: header, index or footer are not those of a pack.
    """
    key = pack_key(pack)
    if place.read(key, 0, len(HEADER)) != HEADER:
        raise _damaged(place, key, "it does not begin like a pack of version 1")
    size = place.size(key) or 0
    least = len(HEADER) + FOOTER_BYTES
    if size < least:
        raise _damaged(place, key, f"it has {size} bytes, and a pack at least {least}")
    footer = place.read(key, size - FOOTER_BYTES, FOOTER_BYTES)
    count, start, whole = _COUNTS.unpack_from(footer)
    length = count * SLOT.size
    cut = footer[-len(_END) :] != _END or whole != size
    if cut or count > MOST_PAYLOADS or start + length + FOOTER_BYTES != size:
        raise _damaged(place, key, "it does not end like a pack")
    body = place.read(key, start, length)
    if blake3(body + footer[: _COUNTS.size]).digest() != footer[_COUNTS.size : -len(_END)]:
        raise _damaged(place, key, "its index was changed")
    slots = [Slot(*found) for found in SLOT.iter_unpack(body)]
    _check_order(place, key, slots, start)
    return slots


def check(place: Place, pack: str) -> None:
    """Read a whole pack and compare it with its name, and its index with what it holds.

    Raises:
        MissingError: the pack is not there.
        DamagedError: one of its bytes is not what was stored.
    """
    key = pack_key(pack)
    if hashed(place, key) != pack:
        raise _damaged(place, key, "its bytes do not have the hash that is its name")
    index(place, pack)


def damaged_payloads(place: Place, pack: str) -> list[Slot]:
    """The payloads of a pack that are not what was stored, by its index; reads all of them.

    Raises:
        MissingError: the pack is not there.
        DamagedError: its index cannot be trusted, so that nothing is known of the payloads.
    """
    key = pack_key(pack)
    slots = index(place, pack)
    return [s for s in slots if short_digest(place.read(key, s.start, s.size)) != s.digest]


def _check_order(place: Place, key: str, slots: list[Slot], end: int) -> None:
    at = len(HEADER)
    for slot in slots:
        if slot.start != at:
            raise _damaged(place, key, "its index leaves a gap")
        at += slot.size
    if at != end:
        raise _damaged(place, key, "its index leaves a gap")


def _damaged(place: Place, key: str, why: str) -> DamagedError:
    return DamagedError(
        f"{key} in {place.url} is damaged: {why}. Fetch it again from another store that has it."
    )
