"""gc: deleting what no name and no lease points to any more.

An object goes in two steps, each of them harmless by itself. A first gc marks it, if it is older
than the grace period (`trash/` + its key). A gc that finds a mark older than the grace period, and
the object still without use, deletes it: so whoever was reading it when its name was removed has
that long to come to an end. Nothing is ever moved or rewritten.

Right before it deletes, gc writes a last warning (`doomed/` + key + token), then reads leases and
names again; a put does the reverse (see `leases`), so that neither can miss the other. All ages are
by the clock of the place.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tenth.errors import InputError, StoreError, must
from tenth.keep.leases import DOOM_LASTS_SECONDS, DOOMED, MARKS, ended, leased
from tenth.keep.places import Entry, Place
from tenth.keep.places.folder import FolderPlace

GRACE_SECONDS = 24 * 3600.0
LITTER_SECONDS = 3600.0  # a temporary file this old has no writer any more
_AT_ONCE = 1000
_OBJECTS = ("manifests/", "objects/")  # cut off, no manifest is left without its packs
_CLAIMS = ("objects/", "manifests/", "refs/", "leases/", MARKS, DOOMED)


@dataclass(frozen=True)
class Collected:
    """What a gc did, or in a dry run would do.

    Attributes:
        marked: objects that lost their last use since the gc before.
        waiting: objects that are marked, not yet long enough.
        deleted: objects that are gone, `deleted_bytes` in all.
        litter: what crashed writers had left.
        young: what they may have left too lately to be told from what a writer is at work on.
    """

    marked: tuple[str, ...]
    waiting: tuple[str, ...]
    deleted: tuple[str, ...]
    deleted_bytes: int
    litter: tuple[str, ...]
    young: tuple[str, ...] = ()


def collect(
    place: Place,
    marked: Callable[[], set[str]],
    grace_seconds: float = GRACE_SECONDS,
    *,
    dry_run: bool = False,
) -> Collected:
    """Delete packs and manifests without use; may run beside puts, pushes and other gcs.

    Args:
        marked: reads the names of the store, and gives the keys of all that they need.
        grace_seconds: how long an object without use is kept, twice: before and after its mark.
        dry_run: only say what would be done.

    Raises:
        InputError: the grace period is negative.
        DamagedError: a lease or something that `marked` reads is damaged; nothing was deleted.
    """
    if not grace_seconds >= 0:
        raise InputError(must("grace period", "0 seconds or more", grace_seconds))
    gc = _Gc(place, marked, grace_seconds, dry_run)
    litter, young = gc.sweep()
    fresh, waiting, due = gc.sort()
    deleted = due if dry_run else gc.delete(due)
    return Collected(
        tuple(sorted(fresh)),
        tuple(sorted(waiting)),
        tuple(sorted(entry.key for entry in deleted)),
        sum(entry.size_bytes for entry in deleted),
        tuple(sorted(litter)),
        tuple(sorted(young)),
    )


class _Gc:
    def __init__(
        self, place: Place, marked: Callable[[], set[str]], grace: float, dry_run: bool
    ) -> None:
        self._place = place
        self._marked = marked
        self._grace = grace
        self._dry_run = dry_run
        self._token = secrets.token_hex(8)

    def sweep(self) -> tuple[list[str], list[str]]:
        """Remove temporary files, empty claims, ended leases and warnings of crashed processes.

        Gives what was removed, and the temporary files that are too young for it.
        """
        now = self._place.clock()
        limit = max(self._grace, LITTER_SECONDS)
        scratch = list(self._place.list("tmp/"))
        old = [entry.key for entry in scratch if now - entry.modified_seconds > limit]
        young = [entry.key for entry in scratch if now - entry.modified_seconds <= limit]
        for prefix in _CLAIMS if isinstance(self._place, FolderPlace) else ():
            old += [
                entry.key
                for entry in self._place.list(prefix)
                if not entry.size_bytes and now - entry.modified_seconds > limit
            ]
        old += ended(self._place, now)
        for entry in self._place.list(DOOMED):
            if now - entry.modified_seconds > DOOM_LASTS_SECONDS:
                old.append(entry.key)
        self._delete(old)
        if isinstance(self._place, FolderPlace) and not self._dry_run:
            self._place.remove_empty("leases", now - limit)
        return old, young

    def sort(self) -> tuple[list[str], list[str], list[Entry]]:
        """Mark what lost its use: newly marked keys, keys that wait, objects that are due."""
        now = self._place.clock()
        entries = [e for prefix in _OBJECTS for e in self._place.list(prefix) if e.size_bytes]
        marks = {e.key.removeprefix(MARKS): e.modified_seconds for e in self._place.list(MARKS)}
        used = self._used()
        unused = {entry.key: entry for entry in entries if entry.key not in used}
        self._delete(MARKS + key for key in marks if key not in unused)
        fresh: list[str] = []
        waiting: list[str] = []
        due: list[Entry] = []
        for key, entry in unused.items():
            if now - entry.modified_seconds < self._grace:
                continue
            if key not in marks:
                fresh.append(key)
                if not self._dry_run:
                    self._place.create(MARKS + key, b"1")
            if now - marks.get(key, now) < self._grace:
                waiting.append(key)
            else:
                due.append(entry)
        return fresh, waiting, due

    def delete(self, due: list[Entry]) -> list[Entry]:
        """Warn, look again, delete; in rounds, as what was seen grows old.

        Raises:
            StoreError: the names of the store take too long to read.
        """
        deleted: list[Entry] = []
        while due:
            some, due = due[:_AT_ONCE], due[_AT_ONCE:]
            # a put takes a warning of twice this age for that of a dead gc
            end = time.monotonic() + DOOM_LASTS_SECONDS / 2
            done, unused = self._delete_some(some, end)
            if unused and not done:
                raise StoreError(
                    f"gc of {self._place.url} gave up: reading all its names took longer than "
                    f"{DOOM_LASTS_SECONDS / 2:.0f} seconds. Run it nearer to the store."
                )
            deleted += done
            due = unused[len(done) :] + due
        return deleted

    def _delete_some(self, due: list[Entry], end: float) -> tuple[list[Entry], list[Entry]]:
        """Which were deleted until `end`, and which should be: the former are the first of them."""
        warnings = [f"{DOOMED}{entry.key}/{self._token}" for entry in due]
        done: list[Entry] = []
        try:
            for warning in warnings:
                self._place.create(warning, b"1")
            used = self._used()
            unused = [entry for entry in due if entry.key not in used]
            for entry in unused:
                if time.monotonic() > end:
                    break
                self._place.delete(entry.key)
                done.append(entry)
        finally:
            self._delete(warnings)
        self._delete(MARKS + entry.key for entry in done)
        return done, unused

    def _used(self) -> set[str]:
        """What leases and names need; in this order, as a put takes its lease back last."""
        return leased(self._place) | self._marked()

    def _delete(self, keys: Iterable[str]) -> None:
        if not self._dry_run:
            for key in keys:
                self._place.delete(key)
