"""What is in a store, told: its names."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from tenth.errors import MissingError, StoreError
from tenth.keep.manifest import Manifest
from tenth.keep.places import sizes
from tenth.keep.refs import LostRef, Ref
from tenth.keep.shelf import Shelf, keys_of


@dataclass(frozen=True)
class Listed:
    """A name as `ls` tells it; `problem` says why nothing more is known."""

    name: str
    generation: int
    time_seconds: float | None
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


@dataclass(frozen=True)
class Logged:
    """A version of a name as `log` tells it.

    Attributes:
        manifest: None where the name was removed, and where it is not known.
        time_seconds: when it was written; None where that is not known.
        state: "here"; "gone": its manifest or some of its bytes are not there any more; "removed":
            the name was; "damaged": what it was is not known.
    """

    name: str
    generation: int
    manifest: str | None
    message: str
    time_seconds: float | None
    token: str
    state: Literal["here", "gone", "removed", "damaged"]


def iso(time_seconds: float | None) -> str:
    """A time as text, in UTC."""
    if time_seconds is None:
        return "unknown"
    return datetime.fromtimestamp(time_seconds, UTC).isoformat(timespec="seconds")


def ls(shelf: Shelf) -> list[Listed]:
    """The names of a store, in order; what is damaged is told, and hides nothing else."""
    damaged: list[LostRef] = []
    listed = [_listed(shelf, ref) for ref in shelf.current(damaged=damaged, unfinished=True)]
    listed += [Listed(one.name, one.generation, None, "", problem=str(one)) for one in damaged]
    return sorted(listed, key=lambda one: one.name)


def log(shelf: Shelf, name: str) -> list[Logged]:
    """All versions of a name, the newest first; removals are among them, and damaged ones.

    Raises:
        MissingError: the name was never there.

    Cost: reads the manifest of each version.
    """
    damaged: list[LostRef] = []
    found = [_logged(shelf, ref) for ref in shelf.history(name, damaged)]
    for one in damaged:
        found.append(Logged(one.name, one.generation, None, str(one), None, "", "damaged"))
    return sorted(found, key=lambda one: -one.generation)


def _logged(shelf: Shelf, ref: Ref) -> Logged:
    state = "removed" if ref.manifest is None else "here" if _whole(shelf, ref.manifest) else "gone"
    told = (ref.name, ref.generation, ref.manifest, ref.message, ref.time_seconds, ref.token)
    return Logged(*told, state)


def _whole(shelf: Shelf, manifest_id: str) -> bool:
    """Whether all that a manifest needs is there; what is there and damaged is for verify."""
    try:
        keys = keys_of(shelf.manifests.read(manifest_id))
    except MissingError:
        return False
    except StoreError:
        return True
    return sizes(shelf.place, keys).keys() == keys


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
