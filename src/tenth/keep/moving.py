"""Moving packs and manifests from one store to another, a few at once."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

from blake3 import blake3

from tenth.errors import DamagedError, MissingError
from tenth.keep.leases import Lease
from tenth.keep.packs.form import checked_id, pack_key
from tenth.keep.places import Place, disk, hashed, pieces, sizes
from tenth.keep.places.filling import fresh_name, remove_quietly
from tenth.keep.places.refusals import told

_AT_ONCE = 3

Progress = Callable[[int, int], None]
"""Told after each pack: bytes of packs that are done, of all that are to be moved."""


class Objects:
    """The packs and manifests of one transfer."""

    def __init__(
        self, source: Place, target: Place, lease: Lease, progress: Progress | None
    ) -> None:
        self.source = source
        self.target = target
        self.moved = 0
        self.moved_bytes = 0
        self._lease = lease
        self._progress = progress
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def bring(self, packs: set[str], manifests: dict[str, bytes]) -> dict[str, int]:
        """See that all of them are in the target; the sizes of the packs that were there before.

        Raises:
            MissingError: the source lacks one.
            DamagedError: a store gave other bytes than were stored.
        """
        keys = {pack_key(pack) for pack in packs}
        kept, todo = self._sort(keys)
        self._move(todo)
        for manifest, data in manifests.items():
            key = manifest_key(manifest)
            if not self._lease.store(key, data) and self.target.read(key) != data:
                self.target.delete(key)  # its bytes do not have the hash that is its name
                self._lease.store(key, data)
            if self.target.read(key) != data:
                raise _gave_back(self.target, key)
        return kept

    def _sort(self, keys: set[str]) -> tuple[dict[str, int], dict[str, int]]:
        """The sizes of the packs that are in the target, and of those to be moved."""
        there = sizes(self.source, keys)
        if lacking := keys - there.keys():
            raise MissingError(
                f"{min(lacking)} in {self.source.url} is not there, and a variant needs it. "
                "Fetch it from another store that has it."
            )
        gone = self._lease.rely(keys)
        kept = sizes(self.target, keys - gone)
        for key in sorted(kept):
            if kept[key] != there[key] and hashed(self.target, key) != _id(key):
                self.target.delete(key)
                del kept[key]
        return kept, {key: there[key] for key in sorted(keys - kept.keys())}

    def _move(self, todo: dict[str, int]) -> None:
        """Move a few packs at once; the first error ends it, and packs that arrived stay."""
        total = self.moved_bytes + sum(todo.values())
        with self._lock:
            self._tell(total)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="transfer") as pool:
            moves = [pool.submit(self._move_one, key, todo[key], total) for key in todo]
            try:
                done, _ = wait(moves, return_when=FIRST_EXCEPTION)
                for move in done:
                    move.result()
            except BaseException:
                self._stop.set()
                pool.shutdown(cancel_futures=True)
                raise

    def _move_one(self, key: str, size: int, total: int) -> None:
        path = self.target.scratch() / fresh_name()
        try:
            self._fetch(key, path)
            created = self._lease.store(key, path)
        finally:
            remove_quietly(path)
        if hashed(self.target, key) != _id(key):
            if created:
                self.target.delete(key)
            raise _gave_back(self.target, key)
        with self._lock:
            self.moved += 1
            self.moved_bytes += size
            self._tell(total)

    def _fetch(self, key: str, path: Path) -> None:
        digest = blake3()
        with told(str(path.parent), key, "written"):
            handle = disk.create_file(path)
        try:
            for piece in pieces(self.source, key):
                digest.update(piece)
                if self._stop.is_set():
                    raise InterruptedError
                with told(str(path.parent), key, "written"):
                    disk.write(handle, piece)
        finally:
            os.close(handle)
        if digest.hexdigest() != _id(key):
            raise DamagedError(
                f"{key} in {self.source.url} is damaged: its bytes do not have the hash that is "
                "its name. Fetch it from another store that has it."
            )

    def _tell(self, total: int) -> None:
        if self._progress is not None:
            self._progress(self.moved_bytes, total)


def _gave_back(target: Place, key: str) -> DamagedError:
    return DamagedError(
        f"{target.url} gave back other bytes for {key} than were written. "
        "No name points to them yet. Check the disk or the bucket, and try again."
    )


def manifest_key(manifest: str) -> str:
    """The key of a manifest.

    Raises:
        InputError: `manifest` is not a BLAKE3 in lower-case hex.
    """
    return f"manifests/{checked_id(manifest)}"


def _id(key: str) -> str:
    return key.rpartition("/")[2]
