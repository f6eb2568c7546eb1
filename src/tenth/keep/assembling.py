"""Making a variant of tensors: those held are pointed to, the others written, then it is published.

Order of events: find what is held and what is near; write packs, each chunk decoded again and
compared; write the manifest; move the name. Whatever stops it in between, the name points to what
it pointed to before. Tensors that were done by then are kept under `unfinished/<name>`, so that the
same call goes on from there.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import tenth
from tenth.errors import ConflictError, DamagedError, TenthError
from tenth.keep import native, refs, resuming
from tenth.keep.adapting import Adapting
from tenth.keep.basing import Basis, Fresh, Group, Variant, choose
from tenth.keep.codecs import Tier
from tenth.keep.index import Index
from tenth.keep.leases import Lease
from tenth.keep.manifest import File, Manifest, Part, Piece, Record, closure
from tenth.keep.noting import of_base
from tenth.keep.packs import Span, Writer, pack_key
from tenth.keep.publishing import Aim, leave, publish
from tenth.keep.shelf import Shelf
from tenth.keep.sketches import is_small
from tenth.keep.soundness import damaged
from tenth.keep.storing import Drafts, Job, Read, Tally, add_sketches, encoder, store
from tenth.keep.streams import Meter, Progress, Workers
from tenth.keep.values import LostPiece, Values

SLOW = (
    "There is no C compiler, so that the slow twin of the coder ran: `pip install ziglang` or a "
    "system compiler makes put and get tens of times faster."
)


@dataclass(frozen=True)
class PutOptions:
    """How to store.

    Attributes:
        base: a name of the store, "auto" to find one, or None for no base.
        message: stands in the log.
        tier: "fast", or "archive": smaller, slower to write and to read.
        threads: None: one a processor.
        progress: told of every step.
        lossy: what the manifest says of files that are not what was given (see `lossy`).
    """

    base: str | None = "auto"
    message: str = ""
    tier: Tier = "fast"
    threads: int | None = None
    progress: Progress | None = None
    lossy: tuple[str, int] | None = None


@dataclass(frozen=True)
class PutResult:
    """What was stored.

    Attributes:
        generation: of the name, now.
        manifest: its id.
        full_bytes: what the files take in full.
        added_bytes: what the store grew by: packs and manifest, with what an interrupted put of
            this name had written and this one uses.
        held_bytes: bytes of tensors that the store had already, or that occur twice.
        basis: what it is stored as a difference from, and why.
        codecs: what each codec made.
        warnings: what was noticed on the way.
    """

    name: str
    generation: int
    manifest: str
    files: int
    full_bytes: int
    added_bytes: int
    held_bytes: int
    basis: Basis
    codecs: dict[str, Tally] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {
            **vars(self),
            "basis": self.basis.to_json(),
            "codecs": {name: vars(tally) for name, tally in self.codecs.items()},
        }


class Assembly:
    """One storing of one variant, from files or from a store."""

    def __init__(
        self, shelf: Shelf, name: str, options: PutOptions, workers: Workers, lease: Lease
    ) -> None:
        self._shelf = shelf
        self._name = name
        self._options = options
        self._workers = workers
        self._lease = lease

    def run(
        self,
        files: tuple[File, ...],
        index: Index,
        fresh: Callable[[set[str]], Variant],
        apart: str = "",
    ) -> PutResult:
        """Let the name point to files; what `index` does not have is written.

        Args:
            files: what the name is to restore.
            index: what counts as held.
            fresh: gives what is to be written, told which tensors need not be.
            apart: the id of a manifest that is not to be the base.
        """
        started = refs.standing(self._shelf.place, self._name)
        aim = Aim(self._name, started, self._options.message)
        own = {segment.id for file in files for segment in file.segments}
        held = self._held(index, own)
        variant = fresh(set(held))
        basis = choose(self._shelf, variant, self._options.base, apart)
        if self._lease.rely(_keys(basis.records.values())):
            raise ConflictError(f"gc has just removed part of {basis.name}. Put it again.")
        drafts = Drafts()
        with Writer(self._shelf.place, lease=self._lease) as writer:
            try:
                notes, basis = self._write_sound(variant, basis, drafts, writer)
                made = drafts.records(_seal(drafts, variant, writer))
                records = {**held, **basis.records, **made}
                basis = _truly(basis, made)
                if not variant.groups and (origin := index.origin(files)) is not None:
                    basis = Basis(*origin, "held")
                manifest = self._manifest(files, closure(own, records), basis)
                told = of_base(self._shelf, self._options.base, basis, held=not variant.groups)
                done = publish(self._shelf, self._lease, aim, manifest)
            except BaseException:
                with suppress(TenthError, OSError, KeyboardInterrupt):
                    self._leave(drafts, basis, variant, writer)
                raise
        resumed = resuming.finish(self._shelf, self._name, held.values())
        full = manifest.full_bytes
        return PutResult(
            name=self._name,
            generation=done.ref.generation,
            manifest=done.ref.manifest or "",
            files=len(files),
            full_bytes=full,
            added_bytes=writer.written_bytes + done.size_bytes + resumed,
            held_bytes=full - sum(job.size for job, _ in drafts.jobs.values()),
            basis=basis,
            codecs=drafts.tally(),
            warnings=(*told, *notes, *done.notes, *resuming.note(resumed)),
        )

    def _manifest(
        self, files: tuple[File, ...], records: dict[str, Record], basis: Basis
    ) -> Manifest:
        made_by = f"tenth {tenth.__version__}"
        return Manifest(files, records, basis.origin, made_by, self._options.lossy)

    def _held(self, index: Index, own: set[str]) -> dict[str, Record]:
        """Records of the tensors of `own` that are in the store, and there undamaged."""
        records = dict(index.records(one for one in own if one in index))
        gone = self._lease.rely(_keys(records.values()))
        # a pack that is not whole is left to be written anew
        gone |= {pack_key(piece.pack) for piece in self._damaged(records.values(), gone)}
        gone |= resuming.wasteful(self._shelf, self._name, records.values())
        while True:
            lost = {
                tensor_id
                for tensor_id, record in records.items()
                if any(pack_key(piece.pack) in gone for piece in record.pieces())
                or any(base not in records for base in record.bases)
            }
            if not lost:
                return records
            for tensor_id in lost:
                del records[tensor_id]

    def _damaged(self, records: Iterable[Record], gone: set[str]) -> set[Piece]:
        return damaged(self._shelf, records, gone, self._workers, self._options.progress)

    def _write_sound(
        self, variant: Variant, basis: Basis, drafts: Drafts, writer: Writer
    ) -> tuple[list[str], Basis]:
        """Write what is new, if need be without bases that turn out to be damaged."""
        while True:
            left = [
                Group([one for one in group.fresh if one.id not in drafts.jobs], group.opened)
                for group in variant.groups
            ]
            try:
                return [*self._write(left, basis, drafts, writer), *basis.unsound], basis
            except DamagedError as error:
                bad = self._damaged(basis.records.values(), set())
                if isinstance(error, LostPiece):
                    bad.add(error.piece)
                sound = basis.without(bad)
                if len(sound.records) == len(basis.records):
                    raise  # it is what is to be stored that is damaged
                basis = sound

    def _write(
        self, groups: list[Group], basis: Basis, drafts: Drafts, writer: Writer
    ) -> tuple[str, ...]:
        """Write what is new; gives what the user should know of it."""
        total = sum(fresh.size for group in groups for fresh in group.fresh)
        meter = Meter(self._options.progress, f"put {self._name}", total)
        values, tier = Values(self._shelf.packs, basis.records), self._options.tier
        adapting = Adapting(values, tier)
        writing = encoder(values, tier)

        def job(fresh: Fresh, read: Read) -> Job:
            parts = basis.parts.get(fresh.id, (Part(fresh.size),))
            parts, parameters = adapting.adapted(fresh, parts, read)
            name = fresh.name or fresh.file
            return Job(fresh.id, fresh.dtype, fresh.size, parts, read, name, parameters)

        for group in groups:
            with group.opened() as reader:
                jobs = (job(fresh, reader(fresh)) for fresh in group.fresh)
                store(jobs, drafts, writer, self._workers, writing, meter.add)
        slow = () if native.kernel() is not None or not total else (SLOW,)
        return (*adapting.note(), *slow)

    def _leave(self, drafts: Drafts, basis: Basis, variant: Variant, writer: Writer) -> None:
        """Keep the tensors that are done for the next put of this name."""
        if drafts.jobs:
            made = drafts.records(_seal(drafts, variant, writer))
            left = closure(drafts.jobs, {**basis.records, **made})
            if not self._lease.rely(_keys(left.values())):
                leave(self._shelf, self._lease, self._name, left)


def _keys(records: Iterable[Record]) -> set[str]:
    found: set[str] = set()
    for record in records:
        found.update(pack_key(piece.pack) for piece in record.pieces())
        if record.sketch is not None:
            found.add(pack_key(record.sketch.piece.pack))
    return found


def _truly(basis: Basis, made: dict[str, Record]) -> Basis:
    """The basis as it turned out: what was found may not have paid."""
    if any(record.bases for record in made.values()):
        return basis
    return Basis(bits=basis.bits, warnings=basis.warnings)


def _seal(drafts: Drafts, variant: Variant, writer: Writer) -> list[Span]:
    """Write the sketches of what others can be a difference from, and seal the packs."""
    roots = [
        job.id
        for job in drafts.roots()
        if job.id in variant.sketches
        and job.id not in drafts.sketches
        and not is_small(job.size, job.dtype)
    ]
    add_sketches(drafts, {one: variant.sketches[one] for one in roots}, writer)
    return writer.finish()
