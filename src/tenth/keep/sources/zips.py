"""Where the members of an uncompressed zip archive lie, without unpacking it."""

import io
import struct
import zipfile
from typing import IO, NamedTuple, cast

from tenth.errors import FormatError, must
from tenth.keep.sources.files import Reading

MOST_MEMBERS = 400_000
_LOCAL = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 1
_MOST_DIRECTORY = 100_000_000


class Member(NamedTuple):
    """One file of an archive: its bytes are [start, end) of it, `stored` if as they are."""

    name: str
    start: int
    end: int
    stored: bool

    def check(self) -> None:
        """See that the bytes are the file's own.

        Raises:
            FormatError: they are compressed or encrypted.
        """
        if not self.stored:
            got = "compressed or encrypted"
            raise _wrong(f"member {self.name[:100]!r}", "stored as it is, as torch does", got)


def members(opened: Reading) -> list[Member]:
    """The members in the order of their bytes.

    Raises:
        FormatError: it is no zip archive, it is damaged, or a member is there twice, or lies over
            another.
        InputError: the file cannot be read.
    """
    try:
        with zipfile.ZipFile(cast(IO[bytes], _File(opened))) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, EOFError) as error:
        raise _wrong("archive", "a whole zip file", error) from error
    if len(entries) > MOST_MEMBERS:
        raise _wrong("archive", f"of at most {MOST_MEMBERS} members", len(entries))
    found = sorted((_member(opened, entry) for entry in entries), key=lambda m: (m.start, m.end))
    _check(found)
    return found


def _wrong(thing: str, rule: str, got: object) -> FormatError:
    return FormatError(must(thing, rule, str(got)[:200]))


def _member(opened: Reading, entry: zipfile.ZipInfo) -> Member:
    thing = f"member {entry.filename[:100]!r}"
    stored = entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & _ENCRYPTED
    if not 0 <= entry.header_offset <= opened.stamp.size_bytes - _LOCAL.size:
        raise _wrong(thing, "inside the archive", entry.header_offset)
    fields = _LOCAL.unpack(opened.read(entry.header_offset, _LOCAL.size))
    if fields[0] != b"PK\x03\x04":
        raise _wrong(thing, "at a header of its own", repr(fields[0]))
    start = entry.header_offset + _LOCAL.size + fields[9] + fields[10]
    end = start + entry.compress_size
    if (stored and entry.file_size != entry.compress_size) or end > opened.stamp.size_bytes:
        raise _wrong(thing, "inside the archive", f"{start} to {end}")
    return Member(entry.filename, start, end, stored)


def _check(found: list[Member]) -> None:
    reached, names = 0, set[str]()
    for member in found:
        if member.start < reached:
            raise _wrong(f"member {member.name[:100]!r}", "beside the others", "bytes of another")
        if member.name in names:
            raise _wrong(f"member {member.name[:100]!r}", "there once", "twice")
        reached = max(reached, member.end)
        names.add(member.name)


class _File:
    """What zipfile wants to read from."""

    def __init__(self, opened: Reading) -> None:
        self._opened = opened
        self._place = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origins = {io.SEEK_SET: 0, io.SEEK_CUR: self._place}
        place = origins.get(whence, self._opened.stamp.size_bytes) + offset
        if place < 0:
            raise ValueError("a place before the start of the file")
        self._place = place
        return place

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._opened.stamp.size_bytes - self._place)
        count = left if size < 0 else min(size, left)
        if count > _MOST_DIRECTORY:
            raise ValueError(f"a directory of {count} bytes")
        data = self._opened.read(self._place, count)
        self._place += count
        return data
