"""Leases: what a running put or push is about to point to, so that gc leaves it alone.

    leases/<token>/<00000001>.json    {"keys": [...], "seconds": 3600, "host": ..., "pid": ...}

A lease lives as long as its newest object is younger than its `seconds`, by the clock of the place.
Its owner writes a new one several times in that while.

How a put and gc never miss each other. The put writes its lease, then looks for gc's last warning,
then relies on the object. gc writes its last warning, then reads leases, then names, and only then
deletes. Whoever is later sees the other: either gc sees the lease and spares the object, or the put
sees the warning and waits until gc is done, and then stores the object again if it is gone.
(Source: Dekker's mutual exclusion, in E. W. Dijkstra, EWD 123, 1965.)
"""

import json
import os
import platform
import secrets
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tenth.errors import ConflictError, DamagedError, MissingError, TenthError
from tenth.keep.places import Entry, Place, sizes

LASTS_SECONDS = 3600.0
_MOST_SECONDS = 24 * 3600.0  # whatever a lease says

MARKS = "trash/"  # + key: nothing pointed to it when this was written
DOOMED = "doomed/"  # + key + token of a gc: it is being deleted now
DOOM_LASTS_SECONDS = 1800.0  # an older one is of a dead gc; a living one ends in half of this

_LEASES = "leases/"
_WAITS = 150
_WAIT_SECONDS = 0.2
_MOST_BYTES = 1 << 28


class Lease:
    """Keeps gc from what it names; to be used in a `with`, from any number of threads."""

    def __init__(
        self, place: Place, keys: Iterable[str] = (), *, lasts_seconds: float = LASTS_SECONDS
    ) -> None:
        self.place = place
        self.lasts_seconds = lasts_seconds
        self._keys: set[str] = set(keys)
        self._folder = f"{_LEASES}{secrets.token_hex(8)}/"
        self._count = 0
        self._written: list[str] = []
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._beat = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> "Lease":
        with self._lock:
            try:
                self._write(self._keys)
            except BaseException:
                self._delete(self._written)
                raise
        self._beat.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._beat.join()
        with self._lock:
            self._delete(self._written)

    def rely(self, keys: Iterable[str]) -> set[str]:
        """Name objects that something will point to, and say which of them are not there.

        Those that are there stay there while the lease lives. What gc thought of them is undone.

        Raises:
            ConflictError: gc is deleting one of them, and does not come to an end.
        """
        wanted = set(keys)
        self._name(wanted)
        self._await_gc(wanted)
        for entry in self.place.list(MARKS):
            if entry.key.removeprefix(MARKS) in wanted:
                self.place.delete(entry.key)
        return wanted - sizes(self.place, wanted).keys()

    def store(self, key: str, data: bytes | Path) -> bool:
        """Name an object and create it (see `Place.create`); it stays while the lease lives.

        Raises:
            ConflictError: gc is deleting an older one of this key, and does not come to an end.
        """
        self._name({key})
        self._await_gc({key})
        created = self.place.create(key, data)
        if not created:
            self.place.delete(MARKS + key)
        return created

    def lost(self) -> set[str]:
        """What this lease names and is not there; to be asked once more when the names are written.

        Empty, unless this process stood still for longer than its lease lasts.
        """
        with self._lock:
            keys = set(self._keys)
        self._await_gc(keys)
        return keys - sizes(self.place, keys).keys()

    def _name(self, keys: set[str]) -> None:
        with self._lock:
            new = keys - self._keys
            if new:
                self._write(new)
                self._keys |= new

    def _await_gc(self, keys: set[str]) -> None:
        for attempt in range(_WAITS):
            waiting = [entry for entry in self.place.list(DOOMED) if _doomed(entry.key) in keys]
            if not waiting:
                return
            if attempt == _WAITS - 1:
                raise ConflictError(
                    f"gc is deleting {_doomed(waiting[0].key)} from {self.place.url}, or was "
                    "killed while it did. Try again in half an hour."
                )
            now = self.place.clock()
            for entry in waiting:
                if now - entry.modified_seconds > DOOM_LASTS_SECONDS:
                    self.place.delete(entry.key)  # its gc is dead
            time.sleep(_WAIT_SECONDS)

    def _write(self, keys: Iterable[str]) -> None:
        form = {
            "keys": sorted(keys),
            "seconds": self.lasts_seconds,
            "host": platform.node(),
            "pid": os.getpid(),
        }
        self._count += 1
        key = f"{self._folder}{self._count:08}.json"
        self._written.append(key)  # first: it may be there even if that call fails
        self.place.create(key, json.dumps(form).encode())

    def _renew(self) -> None:
        while not self._end.wait(self.lasts_seconds / 5):
            with self._lock:
                old = list(self._written)
                try:
                    self._write(self._keys)  # all of them: gc may have cleared the old ones away
                except TenthError:
                    continue  # a place that is away for a moment; `lost` sees a longer while
                self._written = self._written[len(old) :]
                self._delete(old)

    def _delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            try:
                self.place.delete(key)
            except TenthError:
                continue  # it ends by itself


def leased(place: Place) -> set[str]:
    """The keys that living leases name. Read it before the names of the store, not after.

    Raises:
        DamagedError: a lease cannot be read, so that nothing may be deleted.
    """
    for _ in range(_WAITS):
        keys = _leased(place)
        if keys is not None:
            return keys
    raise ConflictError(f"the leases of {place.url} change faster than they are read. Try again.")


def _leased(place: Place) -> set[str] | None:
    """The keys that living leases name; None if one of them was renewed or taken back meanwhile."""
    now = place.clock()
    folders: dict[str, list[Entry]] = {}
    for entry in place.list(_LEASES):
        if entry.size_bytes:
            folders.setdefault(entry.key.rpartition("/")[0], []).append(entry)
    keys: set[str] = set()
    for entries in folders.values():
        age = now - max(entry.modified_seconds for entry in entries)
        if age > _MOST_SECONDS:
            continue
        try:
            forms = [_read(place, entry) for entry in entries]
        except MissingError:
            return None
        if any(age <= form["seconds"] for form in forms):
            keys.update(*(form["keys"] for form in forms))
    return keys


def ended(place: Place, now: float) -> list[str]:
    """The objects of leases that ended without being taken back, as their owner died."""
    return [
        entry.key for entry in place.list(_LEASES) if now - entry.modified_seconds > _MOST_SECONDS
    ]


def _read(place: Place, entry: Entry) -> dict[str, Any]:
    form = None
    if entry.size_bytes <= _MOST_BYTES:
        data = place.read(entry.key)
        with suppress(ValueError, RecursionError):
            form = json.loads(data)
    if (
        not isinstance(form, dict)
        or not isinstance(form.get("seconds"), int | float)
        or not form["seconds"] >= 0
        or not isinstance(form.get("keys"), list)
        or not all(isinstance(name, str) for name in form["keys"])
    ):
        raise DamagedError(
            f"{entry.key} in {place.url} is damaged: gc cannot know what a running put needs. "
            "Delete it if no put or push is running."
        )
    return form


def _doomed(key: str) -> str:
    """The object that a last warning is about."""
    return key.removeprefix(DOOMED).rpartition("/")[0]
