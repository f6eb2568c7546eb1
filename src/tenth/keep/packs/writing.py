"""Writing packs: payloads stream into a temporary file, which becomes a pack when it is full.

An interruption may come between any two steps. What is known to be whole then is what `_slots` and
`_packs` name; the file, its hash and its end may be ahead of them. So the next call goes back to
the end of the last whole payload. The file of a complete pack is never changed again: it may be the
object itself already.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

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


class _Sealed(NamedTuple):
    """A pack that is done: of how many bytes, and of the slots up to which one."""

    pack: str
    size: int
    until: int


class Writer:
    """Packs of about `target_bytes` each; to be used by one thread, in a `with`.

    A pack is written to a temporary file, put into the place under the hash of its bytes, and read
    back from there and compared. With a lease each pack is named in it before it is written, so
    that gc leaves it alone until something points to it. Memory: one payload. A writer is over
    after an error; after an interruption it goes on behind the last whole payload. Leaving the
    `with` drops what is not yet a pack; packs that are done are left to gc.
    """

    def __init__(
        self, place: Place, target_bytes: int = TARGET_BYTES, *, lease: Lease | None = None
    ) -> None:
        if target_bytes < 1:
            raise InputError(must("size of packs", "at least 1 byte", target_bytes))
        self.place = place
        self.target_bytes = target_bytes
        self._lease = lease
        self._slots: list[Slot] = []  # of all packs
        self._packs: list[_Sealed] = []
        self._path: Path | None = None
        self._handle: int | None = None
        self._hash = blake3()
        self._end = 0
        self._steady = True  # file, hash and end are as the slots say
        self._complete = ""  # the pack that the file is, once nothing is to be added
        self._over = False

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drop()

    @property
    def written_bytes(self) -> int:
        """Of packs that are done."""
        return sum(sealed.size for sealed in self._packs)

    def add(self, data: bytes | memoryview, digest: bytes | None = None) -> int:
        """Append a payload and give its ticket: its position in what `finish` returns.

        `digest` saves computing `short_digest(data)` again.

        Raises:
            OutputError: the disk is full, or cannot be written.
        """
        data = memoryview(data).cast("B")
        with self._until_an_error():
            self._recover()
            if len(self._slots) == self._first:
                self._begin()
            slot = Slot(self._end, len(data), digest or short_digest(data))
            self._append(data)
            self._slots.append(slot)
            self._steady = True
            ticket = len(self._slots) - 1
            if self._end >= self.target_bytes or len(self._slots) - self._first == MOST_PAYLOADS:
                self._seal()
        return ticket

    def finish(self) -> list[Span]:
        """Write what is left, and say where each payload lies, in the order of `add`.

        All packs are in the place, durable and read back.

        Raises:
            OutputError: the place is full, or cannot be written.
            DamagedError: the place did not give back what was written.
        """
        with self._until_an_error():
            self._recover()
            if len(self._slots) > self._first:
                self._seal()
        spans: list[Span] = []
        for sealed in self._packs:
            slots = self._slots[len(spans) : sealed.until]
            spans += [Span(sealed.pack, slot.start, slot.size) for slot in slots]
        return spans

    @property
    def _first(self) -> int:
        """The first slot of the pack that is open."""
        return self._packs[-1].until if self._packs else 0

    @contextmanager
    def _until_an_error(self) -> Iterator[None]:
        if self._over:
            raise InputError(must("writer of packs", "used up to its first error", "another call"))
        try:
            yield
        except Exception:  # an interruption is none
            self._over = True
            self._drop()
            raise

    def _recover(self) -> None:
        """Come to a steady state after an interruption."""
        if self._complete and len(self._slots) > self._first:
            self._seal()
        elif not self._steady and len(self._slots) > self._first:
            self._go_back()
        elif not self._steady:
            self._drop()

    def _go_back(self) -> None:
        """Cut the file off behind its last whole payload, and read it again for its hash.

        Raises:
            DamagedError: the disk gave back other bytes than were written.
        """
        slots = self._slots[self._first :]
        end = slots[-1].start + slots[-1].size
        assert self._path is not None
        with self._told():
            self._close()
            self._handle = disk.open_file(self._path)
            disk.truncate(self._handle, end)
            digest = blake3(disk.read(self._handle, 0, len(HEADER)))
            for slot in slots:
                data = disk.read(self._handle, slot.start, slot.size)
                if short_digest(data) != slot.digest:
                    raise DamagedError(
                        f"{self._path} has other bytes than were written. Check the disk."
                    )
                digest.update(data)
            os.lseek(self._handle, end, os.SEEK_SET)
        self._hash, self._end = digest, end
        self._steady = True

    def _begin(self) -> None:
        self._steady = False
        self._path = self.place.scratch() / fresh_name()
        with self._told():
            self._handle = disk.create_file(self._path)
        self._hash = blake3()
        self._end = 0
        self._append(HEADER)

    def _append(self, data: bytes | memoryview) -> None:
        """The caller says when the file is steady again."""
        assert self._handle is not None
        self._steady = False
        with self._told():
            disk.write(self._handle, data)
        self._hash.update(data)
        self._end += len(data)

    def _seal(self) -> None:
        """Complete the pack, and give it its name."""
        if not self._complete:
            self._append(tail(self._slots[self._first :]))
            self._complete = self._hash.hexdigest()
        with self._told():
            self._close()
        self._publish(self._complete)
        self._packs.append(_Sealed(self._complete, self._end, len(self._slots)))
        self._drop()

    def _publish(self, pack: str) -> None:
        """Put the file into the place, and compare what the place gives back."""
        assert self._path is not None
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

    def _close(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            os.close(handle)

    def _drop(self) -> None:
        """Remove the temporary file."""
        with suppress(OSError):  # bytes that are dropped need not reach the disk
            self._close()
        if self._path is not None:
            remove_quietly(self._path)
            self._path = None
        self._complete = ""
        self._steady = True

    def _told(self) -> AbstractContextManager[None]:
        # in a folder the store itself, before a bucket a disk of this machine
        return told(str(self.place.scratch()), "a pack", "written")
