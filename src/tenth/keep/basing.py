"""What a new variant is stored as a difference from.

Candidates are the names of the store, each seen as the tensors that are stored without a base: a
difference always refers to such tensors, so that no chain grows longer than one.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from blake3 import blake3

from tenth.errors import StoreError
from tenth.keep import match
from tenth.keep.manifest import Manifest, Part, Piece, Predictor, Record, Segment
from tenth.keep.shelf import Shelf
from tenth.keep.sketches import Sketches, is_small
from tenth.keep.storing import Read

CAST = ("cast", 1)


class Fresh(NamedTuple):
    """A tensor that the store does not hold: its bytes are `size` from `at` on of `file`."""

    id: str
    size: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    at: int = 0


@dataclass(frozen=True)
class Group:
    """Tensors that are read together; `opened` gives a function that reads one of them."""

    fresh: list[Fresh]
    opened: Callable[[], AbstractContextManager[Callable[[Fresh], Read]]]


@dataclass(frozen=True)
class Variant:
    """What is to be stored: what is new of it, and all its tensors with their sketches.

    `hints` are bases that its files name themselves.
    """

    groups: list[Group]
    segments: Sequence[Segment]
    sketches: Mapping[str, bytes]
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Basis:
    """The base of a variant, or why there is none.

    Attributes:
        name: of the base in the store, or None.
        manifest: what that name pointed to.
        how: "declared" by the caller or the files, "found" by itself, "held" where nothing was
            to be written and the store has the same files as a difference, or "none".
        bits: foreseen for a number, as a difference and alone; 0 where nothing was foreseen.
        parts: for each tensor that has a base, of what it is a difference.
        records: of the bases.
        warnings: of a base that was declared and is not the best.
        unsound: of tensors of the base that are damaged.
    """

    name: str | None = None
    manifest: str = ""
    how: Literal["declared", "found", "held", "none"] = "none"
    bits: tuple[float, float] = (0.0, 0.0)
    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict, repr=False)
    records: Mapping[str, Record] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()
    unsound: tuple[str, ...] = ()

    @property
    def origin(self) -> tuple[str, str] | None:
        """Name and manifest, as a manifest keeps them."""
        return None if self.name is None else (self.name, self.manifest)

    def without(self, pieces: set[Piece]) -> "Basis":
        """The same without the bases that need one of these pieces."""
        records = {
            one: record
            for one, record in self.records.items()
            if pieces.isdisjoint(record.pieces())
        }
        parts = {
            one: made
            for one, made in self.parts.items()
            if all(part.base is None or part.base in records for part in made)
        }
        lost = len(self.records) - len(records)
        said = (
            f"{lost} of the tensors of {self.name} are damaged, and so no bases here: `tenth keep "
            "verify --stored` names them."
        )
        return replace(self, records=records, parts=parts, unsound=(said,))

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON, tensor by tensor left out."""
        return {
            "name": self.name,
            "manifest": self.manifest,
            "how": self.how,
            "foreseen_bits": self.bits[0],
            "foreseen_bits_alone": self.bits[1],
        }


def choose(shelf: Shelf, variant: Variant, base: str | None, apart: str = "") -> Basis:
    """Find the base that makes the variant smallest.

    Args:
        shelf: the store.
        variant: what is to be stored.
        base: a name that is believed unless another is clearly better or it does not help, "auto",
            or None for no base.
        apart: the id of a manifest that is no candidate.

    Cost: reads the manifests of the store, and the sketches of those of a like structure.
    """
    if base is None or not any(fresh.name for group in variant.groups for fresh in group.fresh):
        return Basis()
    with ExitStack() as opened:
        seen = [*_seen(variant, opened)]
        fresh = {one.id: one for group in variant.groups for one in group.fresh if one.name}
        rows, alias = _candidates(shelf, apart, fresh.keys())
        declared = _declared(base, variant.hints, alias)
        found = match.find(seen, [row.candidate for row in rows.values()], tuple(declared))
        warnings = tuple(f"{warning}." for warning in found.warnings)
        bits = float(found.bits), float(found.raw_bits)
        if found.name is None:
            return Basis(bits=bits, warnings=warnings)
        row = rows[found.name]
        parts = {
            one.id: tuple(_part(part, one.dtype) for part in found.matches[one.id].parts)
            for one in seen
            if one.id in fresh and found.matches[one.id].pays
        }
    used = {part.base for made in parts.values() for part in made if part.base is not None}
    records = shelf.manifests.read(row.manifest).records
    return Basis(
        name=found.name,
        manifest=row.manifest,
        how="declared" if found.name in declared else "found",
        bits=bits,
        parts=parts,
        records={one: records[one] for one in used},
        warnings=warnings,
    )


def _seen(variant: Variant, opened: ExitStack) -> Iterator[match.Seen]:
    """The tensors as matching sees them; those that are new can be read."""
    readers: dict[str, Read] = {}
    for group in variant.groups:
        reader = _lazily(group, opened)
        readers |= {fresh.id: reader(fresh) for fresh in group.fresh}
    told: set[str] = set()
    for tensor_id, _, name, dtype, shape in variant.segments:
        if name is not None and tensor_id in variant.sketches and tensor_id not in told:
            told.add(tensor_id)
            sketch, read = variant.sketches[tensor_id], readers.get(tensor_id)
            yield match.Seen(tensor_id, name, dtype, shape, sketch, read)


def _lazily(group: Group, opened: ExitStack) -> Callable[[Fresh], Read]:
    """Readers of a group, which is opened when one of them is used first."""
    entered: list[Callable[[Fresh], Read]] = []

    def reader(fresh: Fresh) -> Read:
        def read(start: int, size: int) -> bytearray:
            if not entered:
                entered.append(opened.enter_context(group.opened()))
            return entered[0](fresh)(start, size)

        return read

    return reader


class _Row(NamedTuple):
    candidate: match.Candidate
    manifest: str


def _candidates(
    shelf: Shelf, apart: str, fresh: Container[str]
) -> tuple[dict[str, _Row], dict[str, str]]:
    """Candidates by name, and for each name of the store the candidate that stands for it.

    What is written anew though the store has it, as it is damaged there, is no base of itself.
    Variants of one base look alike here: the one that was put first stands for all.
    """
    rows: dict[str, _Row] = {}
    first: dict[bytes, str] = {}
    alias: dict[str, str] = {}
    for ref in sorted(shelf.current(damaged=[]), key=lambda ref: ref.time_seconds):
        manifest_id = ref.manifest or ""
        if manifest_id == apart:
            continue
        try:
            roots = [
                root for root in _roots(shelf.manifests.read(manifest_id)) if root.id not in fresh
            ]
        except StoreError:
            continue  # verify tells of it; a put can do without
        if not roots:
            continue
        digest = blake3(repr(sorted((root.id, root.name) for root in roots)).encode()).digest()
        alias[ref.name] = first.setdefault(digest, ref.name)
        if alias[ref.name] == ref.name:
            load = _loader(shelf, manifest_id, fresh)
            candidate = match.Candidate(ref.name, match.key(roots), load)
            rows[ref.name] = _Row(candidate, manifest_id)
    return rows, alias


def _loader(
    shelf: Shelf, manifest_id: str, fresh: Container[str]
) -> Callable[[], list[match.Seen]]:
    def load() -> list[match.Seen]:
        manifest = shelf.manifests.read(manifest_id)
        sketches = Sketches(shelf.values(manifest))
        made = (
            root._replace(sketch=sketches.of(root.id, root.dtype))
            for root in _roots(manifest)
            if root.id not in fresh
        )
        return [root for root in made if root.sketch]

    return load


def _roots(manifest: Manifest) -> Iterator[match.Seen]:
    """What stands for each tensor of a variant: itself, or what it is a difference from.

    Sketches are left out.
    """
    for _, segment in manifest.tensors():
        record, root = manifest.records[segment.id], segment.id
        if record.bases:
            part = record.parts[0]
            if len(record.parts) > 1 or part.predictor is not None or part.base is None:
                continue
            root = part.base
        stored = manifest.records[root]
        known = stored.sketch is not None or is_small(stored.size, segment.dtype)
        if known and not stored.bases and stored.size == segment.size:
            yield match.Seen(root, segment.name or "", segment.dtype, segment.shape, b"")


def _declared(base: str, hints: Iterable[str], alias: Mapping[str, str]) -> dict[str, None]:
    """The candidates that the caller or the files name; a hub's `org/name` is also a `name`."""
    wanted = [base.partition("@")[0]] if base != "auto" else list(hints)
    ends = {name.rpartition("/")[2].casefold(): name for name in reversed(list(alias))}
    found = (
        name if name in alias else ends.get(name.rpartition("/")[2].casefold()) for name in wanted
    )
    return dict.fromkeys(alias[name] for name in found if name is not None)


def _part(part: match.Part, dtype: str) -> Part:
    if part.base is None:
        return Part(part.size)
    predictor = Predictor(*CAST, part.dtype, None) if part.dtype != dtype else None
    return Part(part.size, part.base, part.base_start, predictor)
