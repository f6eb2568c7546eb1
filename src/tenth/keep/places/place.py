"""What a place is: a folder or a bucket that holds the objects of a store."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Entry:
    """An object: its key, its size, and when it was written by the clock of the place."""

    key: str
    size_bytes: int
    modified_seconds: float


class Place(Protocol):
    """Objects under checked keys. Each is written once, whole and durable, and never changed.

    Every method is safe from many threads and many processes. Besides what it names, each raises
    InputError for a bad key, OutputError where the place is full or may not be written, and
    StoreError where it cannot be reached.
    """

    @property
    def url(self) -> str:
        """How a user names the place."""
        ...

    def read(self, key: str, start: int = 0, size: int | None = None) -> bytes:
        """`size` bytes from `start` on, or all that follow.

        Raises:
            MissingError: there is no such object.
            DamagedError: it ends before those bytes do.
        """
        ...

    def create(self, key: str, data: bytes | Path) -> bool:
        """Write a new object of at least one byte; when this returns, a power cut cannot undo it.

        A file in `scratch()` may become the object itself: nobody may change it afterwards, and
        the caller removes it, if it is still there. Another one is copied.

        Returns:
            Whether it was written here; False if the key was there before, whatever its bytes.

        Raises:
            ConflictError: somebody else is writing this key, and has not come to an end.
        """
        ...

    def entry(self, key: str) -> Entry | None:
        """What is known of an object, or None if there is none."""
        ...

    def size(self, key: str) -> int | None:
        """The bytes of an object, or None if there is none."""
        ...

    def list(self, prefix: str) -> Iterator[Entry]:
        """The objects below `prefix`, "" or a key that ends in "/", in no order.

        Objects that were there before the call and are there after it are all given. An entry of
        0 bytes is a name that a writer has claimed, and no object yet.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        ...

    def scratch(self) -> Path:
        """A folder for temporary files on the way to `create`."""
        ...

    def clock(self) -> float:
        """The time by the clock that dates the objects, in seconds since 1970; costs a write."""
        ...
