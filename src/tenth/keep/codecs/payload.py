"""Reading a payload byte by byte without trusting it, and the parts that payloads are made of.

All numbers are little-endian. A part that is read twice, cut short or followed by more is refused.
"""

import struct

from tenth.errors import FormatError


def damaged(what: str) -> FormatError:
    """The error of a payload that cannot be what a codec wrote."""
    return FormatError(f"A chunk is damaged: {what}. Fetch it again, or verify the store.")


class Reader:
    """A cursor over a payload that never passes its end."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data).cast("B")
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return len(self._data) - self._at

    def take(self, count: int) -> memoryview:
        """The next `count` bytes, without a copy."""
        if not 0 <= count <= self.left:
            raise damaged(f"{count} bytes are wanted where {self.left} are left")
        self._at += count
        return self._data[self._at - count : self._at]

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """The next four bytes as a number."""
        return struct.unpack("<I", self.take(4))[0]

    def end(self) -> None:
        """Refuse bytes that are left."""
        if self.left:
            raise damaged(f"{self.left} bytes are left over")


def number(value: int) -> bytes:
    """Four bytes that `Reader.number` reads."""
    return struct.pack("<I", value)
