"""Is what is stored what was put? And if not: which tensor, and would another store help?

quick     every name, manifest and pack is there, and long enough
stored    and every pack has the hash that is its name
deep      and every tensor decodes to its id, every file to its sha256
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile

from blake3 import blake3

from tenth.errors import DamagedError, InputError, MissingError, StoreError, must
from tenth.keep import packs, refs
from tenth.keep.index import manifest_key
from tenth.keep.manifest import File, Manifest, Piece, closure
from tenth.keep.packs import pack_key
from tenth.keep.places import Place, sizes
from tenth.keep.refs import LostRef, Ref
from tenth.keep.shelf import Shelf, points
from tenth.keep.streams import Meter, Progress, Workers, threads_of
from tenth.keep.verdict import DEPTHS, Depth, Problem, Verdict

_EMPTY = (
    "is empty: it was never written to its end, or has lost its bytes since, and the version "
    "before it counts. `tenth keep verify --repair` brings it anew where the other store goes on "
    "from that version; else `tenth keep pull --force` does, after a gc, which clears this away."
)
AROUND = "bytes around its tensors"


def verify(
    shelf: Shelf,
    names: Iterable[str] = (),
    *,
    depth: Depth = "quick",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Look at the names given, or at all of them, with the older versions that are kept.

    An older version whose manifest is not there was given up to gc, and is no problem.

    Raises:
        MissingError: there is no such name.
        InputError: there is no such depth.

    Cost: `quick` reads the manifests; `stored` every byte of the packs once; `deep` decodes all.
    """
    if depth not in DEPTHS:
        raise InputError(must("depth", f"one of {', '.join(DEPTHS)}", repr(depth)))
    damaged: list[LostRef] = []
    names = list(names)
    asked, older = _asked(shelf, names, damaged)
    problems = [Problem(one.name, str(one), key=one.key) for one in damaged]
    bare = {name.partition("@")[0] for name in names}
    problems += [
        Problem(name, f"{key} {_EMPTY}", key=key)
        for name, key in refs.unwritten(shelf.place)
        if not bare or name in bare
    ]
    found = [*_manifests(shelf, asked, problems)]
    known = {ref.manifest for ref in asked}
    found += _older(shelf, [ref for ref in older if ref.manifest not in known], problems)
    check = _Check(shelf, found, problems)
    fine = check.packs()
    with Workers(threads_of(threads)) as workers:
        if depth != "quick":
            check.stored(fine, workers, progress)
        tensors = check.deep(workers, progress) if depth == "deep" else 0
    return Verdict(depth, len(asked), tensors, len(check.users), tuple(problems))


def _asked(shelf: Shelf, wanted: list[str], damaged: list[LostRef]) -> tuple[list[Ref], list[Ref]]:
    """What the names point to, and did before; `damaged` takes what cannot be read of both."""
    if not wanted:
        found = shelf.current(damaged=(lost := []))
        names_there = [*(ref.name for ref in found), *(one.name for one in lost)]
    else:
        found = []
        for name in wanted:
            with suppress(LostRef):  # told below
                found.append(shelf.ref(name))
        names_there = [name.partition("@")[0] for name in wanted]
    older: list[Ref] = []
    for name in dict.fromkeys(names_there):
        for one in takewhile(points, refs.backwards(shelf.place, name)):
            if isinstance(one, LostRef):
                damaged.append(one)
            elif not wanted or name in wanted:
                older.append(one)
    return found, older


def _manifests(
    shelf: Shelf, asked: Iterable[Ref], problems: list[Problem]
) -> Iterator[tuple[str, Manifest]]:
    for ref in asked:
        assert ref.manifest is not None
        try:
            yield ref.name, shelf.manifests.read(ref.manifest)
        except (DamagedError, MissingError) as error:
            problems.append(Problem(ref.name, str(error), key=manifest_key(ref.manifest)))
        except StoreError as error:
            problems.append(Problem(ref.name, str(error), fetch_helps=False))


def _older(
    shelf: Shelf, older: list[Ref], problems: list[Problem]
) -> Iterator[tuple[str, Manifest]]:
    there = sizes(shelf.place, {manifest_key(ref.manifest or "") for ref in older})
    for manifest_id, ref in {ref.manifest or "": ref for ref in older}.items():
        if manifest_key(manifest_id) in there:
            version = replace(ref, name=f"{ref.name}@{ref.generation}")
            yield from _manifests(shelf, [version], problems)


class _Check:
    """Looks deeper and deeper; what is known to be bad is told once for each tensor."""

    def __init__(
        self, shelf: Shelf, found: list[tuple[str, Manifest]], problems: list[Problem]
    ) -> None:
        self._shelf = shelf
        self._found = found
        self._problems = problems
        self._told: set[tuple[str, str]] = set()  # manifest and tensor
        self.users: dict[str, int] = {}  # a pack, and how many bytes of it are needed
        for _, manifest in found:
            for piece in manifest.pieces():
                end = max(self.users.get(piece.pack, 0), piece.start + piece.size)
                self.users[piece.pack] = end

    def packs(self) -> list[str]:
        """See that every pack is there and long enough; gives those that are."""
        there = sizes(self._shelf.place, (pack_key(pack) for pack in self.users))
        fine: list[str] = []
        for pack, least in self.users.items():
            size = there.get(pack_key(pack))
            if size is None:
                self._tell(pack, "is not there", lambda piece: True)
            elif size < least:
                self._tell(pack, "is cut short", lambda piece, size=size: _end(piece) > size)
            else:
                fine.append(pack)
        return fine

    def stored(self, left: list[str], workers: Workers, progress: Progress | None) -> None:
        """See that every pack hashes to its name."""
        meter = Meter(progress, "packs", sum(self.users[pack] for pack in left))

        def looked(pack: str) -> tuple[str, set[int] | None]:
            bad = _bad_starts(self._shelf.place, pack)
            meter.add(self.users[pack])
            return pack, bad

        for pack, bad in workers.in_order(looked, left):
            if bad is not None:
                self._tell(pack, "is damaged", lambda piece, bad=bad: not bad or piece.start in bad)

    def deep(self, workers: Workers, progress: Progress | None) -> int:
        """Decode every file; gives how many tensors were decoded."""
        todo: dict[str, tuple[str, Manifest, File]] = {}
        for name, manifest in self._found:
            for file in manifest.files:
                todo.setdefault(file.sha256, (name, manifest, file))
        meter = Meter(progress, "decode", sum(file.size for _, _, file in todo.values()))
        count = 0
        for name, manifest, file in todo.values():
            count += sum(1 for segment in file.segments if segment.name is not None)
            if not any((manifest.id, segment.id) in self._told for segment in file.segments):
                self._decode(name, manifest, file, workers)
            meter.add(file.size)
        return count

    def _decode(self, name: str, manifest: Manifest, file: File, workers: Workers) -> None:
        values = self._shelf.values(manifest)
        whole, good = hashlib.sha256(), True
        for segment in file.segments:
            try:
                digest = blake3()
                for data in workers.in_order(
                    lambda step: values.chunk(*step), values.chunks(segment.id)
                ):
                    digest.update(data)
                    whole.update(data)
                if digest.hexdigest() != segment.id:
                    raise DamagedError("its bytes are not those that were put.")
            except StoreError as error:  # also a codec that this version does not know
                good = False
                pack = getattr(error, "pack", "")
                self._add(
                    manifest,
                    segment.id,
                    Problem(
                        name,
                        str(error),
                        file.name,
                        segment.name or AROUND,
                        pack_key(pack) if pack else "",
                        bool(pack),
                    ),
                )
        if good and whole.hexdigest() != file.sha256:
            said = "its tensors are right and its sha256 is not."
            self._problems.append(Problem(name, said, file.name, fetch_helps=False))

    def _tell(self, pack: str, what: str, bad: Callable[[Piece], bool]) -> None:
        """One problem for each tensor that needs what is bad of a pack."""
        for name, manifest in self._found:
            hit = {
                tensor_id
                for tensor_id, record in manifest.records.items()
                if any(piece.pack == pack and bad(piece) for piece in record.pieces())
            }
            lost = {one for one in manifest.own() if closure([one], manifest.records).keys() & hit}
            said = f"pack {pack[:12]} {what}."
            if not lost and pack in manifest.packs():
                self._problems.append(Problem(name, said, key=pack_key(pack)))
            for file in manifest.files:
                for segment in file.segments:
                    if segment.id in lost:
                        tensor = segment.name or AROUND
                        problem = Problem(name, said, file.name, tensor, pack_key(pack))
                        self._add(manifest, segment.id, problem)

    def _add(self, manifest: Manifest, tensor_id: str, problem: Problem) -> None:
        self._told.add((manifest.id, tensor_id))
        self._problems.append(problem)


def _end(piece: Piece) -> int:
    return piece.start + piece.size


def _bad_starts(place: Place, pack: str) -> set[int] | None:
    """Where the damaged payloads of a pack begin; none: it may be any; None: all is well."""
    try:
        packs.check(place, pack)
        return None
    except (DamagedError, MissingError):
        pass
    try:
        return {slot.start for slot in packs.damaged_payloads(place, pack)}
    except (DamagedError, MissingError):
        return set()
