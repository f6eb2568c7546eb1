"""Moving variants between stores: push, pull and clone.

Packs go first, each compared with its hash on the way and read back where it arrived, then the
manifest, then the name. So whatever cuts a transfer off, the target has the old variant or the new
one, and the next try goes on behind the last pack that arrived.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from blake3 import blake3

from tenth.errors import ConflictError, DamagedError, MissingError
from tenth.keep import refs
from tenth.keep.leases import Lease
from tenth.keep.moving import Objects, Progress, manifest_key
from tenth.keep.places import Place
from tenth.keep.refs import LostRef


@dataclass(frozen=True)
class Moved:
    """What a transfer did.

    Attributes:
        names: those whose variant is new in the target.
        unchanged: those whose variant was there already.
        packs: packs that were moved, `moved_bytes` in all.
        kept_packs: packs that were there already, `kept_bytes` in all.
        lost: names that were not moved as they are damaged in the source, and why.
    """

    names: tuple[str, ...]
    unchanged: tuple[str, ...]
    packs: int
    moved_bytes: int
    kept_packs: int
    kept_bytes: int
    lost: dict[str, str] = field(default_factory=dict)


def copy(
    source: Place,
    target: Place,
    names: Iterable[str] | None,
    packs: Callable[[bytes], set[str]],
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Moved:
    """Bring variants from one store to another, moving only packs that are missing there.

    A name that the target has too moves on only from a variant that the source's log of that name
    knows, unless `force`. One whose newest generation is damaged in the target is mended, if
    what is left of it names such a variant.

    Memory: a few MiB for each of three packs at once; on the way to a bucket the three are mapped
    from temporary files. Disk: three packs in the target's `scratch`.

    Args:
        names: which variants; None for all.
        packs: the ids of the packs that a manifest needs, from its bytes.

    Raises:
        MissingError: the source has no such name, or lacks an object that it needs.
        ConflictError: the target's variant is not one that the source's log knows.
        DamagedError: an object of the source is not what was stored; the target is as it was.
        OutputError: the target is full, or may not be written.
    """
    asked = refs.names(source) if names is None else list(dict.fromkeys(names))
    wanted = [_Wanted.read(source, target, name, force) for name in asked]
    new = [item for item in wanted if item.manifest != item.there]
    manifests = {item.manifest: _manifest(source, item.manifest) for item in new}
    needed = {pack for data in manifests.values() for pack in packs(data)}
    with Lease(target) as lease:
        moving = Objects(source, target, lease, progress)
        kept = moving.bring(needed, manifests)
        for item in new:
            item.write(target)
        if lease.lost():  # this process stood still for longer than its lease lasts
            moving.bring(needed, manifests)
    return Moved(
        tuple(item.name for item in new),
        tuple(item.name for item in wanted if item.manifest == item.there),
        moving.moved,
        moving.moved_bytes,
        len(kept),
        sum(kept.values()),
    )


@dataclass(frozen=True)
class _Wanted:
    name: str
    manifest: str
    message: str
    there: str | None  # what the target has under this name
    generation: int
    lost: LostRef | None = None  # the generation of the target that is damaged

    def write(self, target: Place) -> None:
        if self.lost is None:
            refs.write(target, self.name, self.manifest, self.generation, self.message)
        else:
            refs.mend(target, self.lost, self.manifest, self.message)

    @classmethod
    def read(cls, source: Place, target: Place, name: str, force: bool) -> "_Wanted":
        found = refs.read(source, name)
        if found is None or found.manifest is None:
            raise MissingError(f"{source.url} has no variant {name}.")
        known = {ref.manifest for ref in refs.history(source, name, damaged=[]) if ref.manifest}
        try:
            there = refs.read(target, name)
        except LostRef as lost:
            if lost.among(known) is None and not force:
                raise ConflictError(
                    f"{lost.key} in {target.url} is damaged, and what is left of it is nothing "
                    f"that {source.url} had under this name. Overwrite it by force."
                ) from lost
            return cls(name, found.manifest, found.message, None, lost.generation, lost)
        if there is None:
            return cls(name, found.manifest, found.message, None, 0)
        if there.manifest not in known and not force:
            raise ConflictError(
                f"{name} in {target.url} is a variant that {source.url} never had under this name. "
                "Fetch it under another name first, or overwrite it by force."
            )
        return cls(name, found.manifest, found.message, there.manifest, there.generation)


def _manifest(source: Place, manifest: str) -> bytes:
    data = source.read(manifest_key(manifest))
    if blake3(data).hexdigest() != manifest:
        raise DamagedError(f"{manifest_key(manifest)} in {source.url} is damaged.")
    return data
