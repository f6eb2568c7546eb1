"""What is in a store, told: its names, and one of them in full."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tenth.errors import StoreError
from tenth.keep.manifest import File, Manifest, Segment
from tenth.keep.refs import Ref
from tenth.keep.shelf import Shelf


@dataclass(frozen=True)
class Listed:
    """A name as `ls` tells it; `problem` says why nothing more is known."""

    name: str
    generation: int
    time_seconds: float
    message: str
    files: int = 0
    tensors: int = 0
    full_bytes: int = 0
    base: str | None = None
    lossy: str = ""
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return dict(vars(self))


class Stored(NamedTuple):
    """A tensor as `show` tells it: its bytes in full and as stored, and what wrote them."""

    file: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    full_bytes: int
    stored_bytes: int
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


def iso(time_seconds: float) -> str:
    """A time as text, in UTC."""
    return datetime.fromtimestamp(time_seconds, UTC).isoformat(timespec="seconds")


def ls(shelf: Shelf) -> list[Listed]:
    """The names of a store, in order; what is damaged is told, and hides nothing else."""
    return [_listed(shelf, ref) for ref in shelf.current(damaged=[], unfinished=True)]


def _listed(shelf: Shelf, ref: Ref) -> Listed:
    told = (ref.name, ref.generation, ref.time_seconds, ref.message)
    try:
        manifest = shelf.manifests.read(ref.manifest or "")
    except StoreError as error:
        return Listed(*told, problem=str(error))
    return Listed(
        *told,
        files=len(manifest.files),
        tensors=sum(1 for _ in manifest.tensors()),
        full_bytes=manifest.full_bytes,
        base=manifest.base[0] if manifest.base else None,
        lossy=nearness(manifest),
    )


def nearness(manifest: Manifest) -> str:
    """How near a lossy variant is to what was given; empty for an exact one."""
    if manifest.lossy is None:
        return ""
    method, error = manifest.lossy
    return f"lossy {method}, relative error {error / 1e9:.2g}"


def show(shelf: Shelf, name: str) -> Shown:
    """A name in full.

    Raises:
        MissingError: there is no such name.
    """
    ref, manifest = shelf.ref(name), shelf.manifest(name)
    tensors = tuple(_stored(manifest, file, segment) for file, segment in manifest.tensors())
    told = (ref, manifest.base, manifest.made_by, manifest.files, tensors)
    return Shown(*told, lossy=nearness(manifest))


def _stored(manifest: Manifest, file: File, segment: Segment) -> Stored:
    record = manifest.records[segment.id]
    predictors = [part.predictor.name for part in record.parts if part.predictor is not None]
    return Stored(
        file.name,
        segment.name or "",
        segment.dtype,
        segment.shape,
        segment.size,
        record.stored_bytes,
        tuple(dict.fromkeys([*predictors, *(chunk.codec for chunk in record.chunks)])),
        bool(record.bases),
    )
