"""Writing packs: payloads stream into a temporary file, which becomes a pack when it is full."""

import os
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType

from blake3 import blake3

from tenth.errors import DamagedError, InputError, must
from tenth.keep.leases import Lease
from tenth.keep.packs.form import (
    HEADER,
    MOST_PAYLOADS,
    TARGET_BYTES,
    Slot,
    Span,
    pack_key,
    short_digest,
    tail,
)
from tenth.keep.places import Place, disk, hashed
from tenth.keep.places.filling import fresh_name, remove_quietly
from tenth.keep.places.refusals import told


class Writer:
    """Packs of about `target_bytes` each; to be used by one thread, in a `with`.

    A pack is written to a temporary file, put into the place under the hash of its bytes, and read
    back from there and compared. With a lease each pack is named in it before it is written, so
    that gc leaves it alone until something points to it. Memory: one payload. Leaving the `with`
    by an error drops what is not yet a pack; packs that are done are left to gc.
    """

    def __init__(
        self, place: Place, target_bytes: int = TARGET_BYTES, *, lease: Lease | None = None
    ) -> None:
        if target_bytes < 1:
            raise InputError(must("size of packs", "at least 1 byte", target_bytes))
        self.place = place
        self.target_bytes = target_bytes
        self.written_bytes = 0  # of packs that are done
        self._lease = lease
        self._spans: list[Span] = []
        self._slots: list[Slot] = []
        self._path: Path | None = None
        self._handle: int | None = None
        self._whole = True
        self._hash = blake3()
        self._end = 0

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drop()

    def add(self, data: bytes | memoryview, digest: bytes | None = None) -> int:
        """Append a payload and give its ticket: its position in what `finish` returns.

        `digest` saves computing `short_digest(data)` again.

        Raises:
            OutputError: the disk is full, or cannot be written.
        """
        data = memoryview(data).cast("B")
        slot = Slot(self._end or len(HEADER), len(data), digest or short_digest(data))
        if not self._slots:
            self._begin()
        self._append(data)
        self._slots.append(slot)
        ticket = len(self._spans) + len(self._slots) - 1
        if self._end >= self.target_bytes or len(self._slots) == MOST_PAYLOADS:
            self._seal()
        return ticket

    def finish(self) -> list[Span]:
        """Write what is left, and say where each payload lies, in the order of `add`.

        All packs are in the place, durable and read back.

        Raises:
            OutputError: the place is full, or cannot be written.
            DamagedError: the place did not give back what was written.
        """
        if self._slots:
            self._seal()
        return self._spans

    def _begin(self) -> None:
        self._path = self.place.scratch() / fresh_name()
        with self._told():
            self._handle = disk.create_file(self._path)
        self._whole = True
        self._hash = blake3()
        self._end = 0
        self._append(HEADER)

    def _append(self, data: bytes | memoryview) -> None:
        handle, self._whole = self._open(), False
        with self._told():
            disk.write(handle, data)
        self._hash.update(data)
        self._end += len(data)
        self._whole = True  # an interruption may have come in between

    def _seal(self) -> None:
        try:
            self._append(tail(self._slots))
            pack = self._publish()
        finally:
            self._drop()
        self._spans += [Span(pack, slot.start, slot.size) for slot in self._slots]
        self.written_bytes += self._end
        self._slots = []
        self._end = 0

    def _publish(self) -> str:
        """Put the file into the place, and compare what the place gives back."""
        self._close()
        assert self._path is not None
        pack = self._hash.hexdigest()
        key = pack_key(pack)
        if self.place.size(key) is not None and hashed(self.place, key) != pack:
            self.place.delete(key)  # damaged, and here is a whole one
        if self._lease is None:
            created = self.place.create(key, self._path)
        else:
            created = self._lease.store(key, self._path)
        if hashed(self.place, key) != pack:
            if created:
                self.place.delete(key)
            raise DamagedError(
                f"{self.place.url} gave back other bytes for {key} than were written. "
                "Nothing points to them yet. Check the disk or the bucket, and try again."
            )
        return pack

    def _open(self) -> int:
        if self._handle is None or not self._whole:
            raise InputError(must("writer of packs", "used up to its first error", "another call"))
        return self._handle

    def _close(self) -> None:
        handle, self._handle = self._open(), None
        with self._told():
            os.close(handle)

    def _drop(self) -> None:
        """Remove the temporary file."""
        if self._handle is not None:
            with suppress(OSError):  # bytes that are dropped need not reach the disk
                os.close(self._handle)
            self._handle = None
        if self._path is not None:
            remove_quietly(self._path)
            self._path = None

    def _told(self) -> AbstractContextManager[None]:
        # in a folder the store itself, before a bucket a disk of this machine
        return told(str(self.place.scratch()), "a pack", "written")
