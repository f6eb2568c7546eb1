"""One name in full: its files, its tensors, and how each of these is stored."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from tenth.errors import StoreError
from tenth.keep.listing import iso, nearness
from tenth.keep.manifest import File, Manifest, Segment
from tenth.keep.refs import Ref
from tenth.keep.shelf import Shelf
from tenth.keep.usage import Counting, in_order


class Stored(NamedTuple):
    """A tensor as `show` tells it.

    Attributes:
        stored_bytes: what it takes of its own, counted as `du` counts.
        shared_bytes: what it needs beside these, which names that were put before need too, or
            tensors above it.
        codecs: what wrote it.
    """

    file: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    full_bytes: int
    stored_bytes: int
    shared_bytes: int
    codecs: tuple[str, ...]
    difference: bool


@dataclass(frozen=True)
class Shown:
    """A name in full."""

    ref: Ref
    base: tuple[str, str] | None
    made_by: str
    files: tuple[File, ...]
    tensors: tuple[Stored, ...]
    lossy: str = ""

    @property
    def full_bytes(self) -> int:
        """Its files in full."""
        return sum(file.size for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {
            "name": self.ref.name,
            "generation": self.ref.generation,
            "manifest": self.ref.manifest,
            "time": iso(self.ref.time_seconds),
            "message": self.ref.message,
            "base": None if self.base is None else self.base[0],
            "base_manifest": None if self.base is None else self.base[1],
            "made_by": self.made_by,
            "lossy": self.lossy,
            "full_bytes": self.full_bytes,
            "files": [
                {"name": file.name, "size_bytes": file.size, "sha256": file.sha256}
                for file in self.files
            ],
            "tensors": [tensor._asdict() for tensor in self.tensors],
        }


def show(shelf: Shelf, name: str) -> Shown:
    """A name in full.

    Raises:
        MissingError: there is no such name.

    Cost: reads the manifests of the names that were put before.
    """
    ref, manifest = shelf.ref(name), shelf.manifest(name)
    counting = _before(shelf, ref)
    tensors = tuple(
        _stored(manifest, file, segment, counting) for file, segment in manifest.tensors()
    )
    told = (ref, manifest.base, manifest.made_by, manifest.files, tensors)
    return Shown(*told, lossy=nearness(manifest))


def _before(shelf: Shelf, ref: Ref) -> Counting:
    """What other names that were put before a version of one have counted."""
    counting = Counting()
    for one in in_order([*shelf.current(damaged=[]), ref]):
        if one == ref:
            break
        if one.name != ref.name:
            try:
                counting.share(one.name, shelf.manifests.read(one.manifest or ""), 0)
            except StoreError:
                continue  # du and ls tell of it
    return counting


def _stored(manifest: Manifest, file: File, segment: Segment, counting: Counting) -> Stored:
    record = manifest.records[segment.id]
    predictors = [part.predictor.name for part in record.parts if part.predictor is not None]
    own = counting.record(record, {})
    return Stored(
        file.name,
        segment.name or "",
        segment.dtype,
        segment.shape,
        segment.size,
        own,
        record.stored_bytes - own,
        tuple(dict.fromkeys([*predictors, *(chunk.codec for chunk in record.chunks)])),
        bool(record.bases),
    )
