"""The last steps of a put: its manifest, and the name that points to it.

A put that is stopped leaves what is done under `unfinished/<name>` instead.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tenth.errors import ConflictError
from tenth.keep import refs
from tenth.keep.index import manifest_key
from tenth.keep.leases import Lease
from tenth.keep.manifest import Manifest, Record, encode
from tenth.keep.noting import meanwhile
from tenth.keep.refs import Ref
from tenth.keep.shelf import UNFINISHED, Shelf, points

_TRIES = 20


class Aim(NamedTuple):
    """What a manifest is published as: a name, which generation it was at, and a message."""

    name: str
    started: int
    message: str


class Published(NamedTuple):
    """The name now, the bytes of the manifest if it is new, and what others did meanwhile."""

    ref: Ref
    size_bytes: int
    notes: list[str]


def publish(shelf: Shelf, lease: Lease, aim: Aim, manifest: Manifest) -> Published:
    """Write a manifest, and let a name point to it.

    Raises:
        ConflictError: others change the name all the time, or gc took what the manifest needs.
    """
    manifest_id, data = encode(manifest)
    size = len(data) if lease.store(manifest_key(manifest_id), data) else 0
    shelf.manifests.read(manifest_id)  # from the place, and checked
    for _ in range(_TRIES):
        newest = next(refs.backwards(shelf.place, aim.name), None)
        standing = newest.generation if newest is not None and points(newest) else 0
        others = meanwhile(newest, aim.started, manifest_id)
        if isinstance(newest, Ref) and newest.manifest == manifest_id:
            return Published(newest, size, others)
        try:
            ref = refs.write(shelf.place, aim.name, manifest_id, standing, aim.message)
        except ConflictError:
            continue  # two puts of one name: both are in its log
        if lease.lost():
            raise ConflictError(
                f"{aim.name} was put so slowly that gc took part of it for waste. Put it again."
            )
        return Published(ref, size, others)
    raise ConflictError(f"{aim.name} changes all the time. Put it again later.")


def leave(shelf: Shelf, lease: Lease, name: str, records: Mapping[str, Record]) -> None:
    """Keep tensors, and what they are differences from, for the next put of a name."""
    manifest_id, data = encode(Manifest((), records))
    lease.store(manifest_key(manifest_id), data)
    unfinished = UNFINISHED + name
    refs.write(shelf.place, unfinished, manifest_id, refs.standing(shelf.place, unfinished))
