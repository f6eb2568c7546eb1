"""What is in a store, told: its names."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tenth.errors import StoreError
from tenth.keep.manifest import Manifest
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
