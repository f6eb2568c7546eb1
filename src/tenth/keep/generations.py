"""One generation of a name: a small immutable file, with its own hash in its last line."""

import json
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from tenth.errors import DamagedError, InputError, must
from tenth.keep.packs.form import checked_id
from tenth.keep.places import Place

PREFIX = "refs/"
FILE = re.compile(r"([0-9]{8})\.json")
_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")
_MANIFEST = re.compile(rb'"manifest":"(.{64})"', re.DOTALL)
_ASIDE = 8  # two ids that are not the same agree in a few of 64 characters
_MOST_CHARACTERS = 400
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Ref:
    """What a name pointed to from one change to the next.

    Attributes:
        manifest: id of the manifest; None where the name was removed.
        time_seconds: when, by the clock of who changed it, in seconds since 1970.
        token: tells two changes apart that are equal otherwise.
    """

    name: str
    generation: int
    manifest: str | None
    message: str
    time_seconds: float
    token: str


class LostRef(DamagedError):
    """A generation of a name is not what was written; what it pointed to is not known.

    `clue` holds what is left of it.
    """

    def __init__(self, place: Place, name: str, generation: int, clue: bytes = b"") -> None:
        self.name, self.generation, self.clue = name, generation, clue
        self.key = key_of(name, generation)
        super().__init__(
            f"{self.key} in {place.url} is damaged: what {name} points to is not known. Bring it "
            f"back from another store: `tenth keep verify --repair PLACE`. Or give {name} up: "
            f"`tenth keep rm {name}`." + (" Older versions can be read." if generation > 1 else "")
        )

    def among(self, manifests: Iterable[str]) -> str | None:
        """The manifest that what is left of it names, a few characters aside; None if none."""
        left = _MANIFEST.search(self.clue)
        for one in manifests:
            if one.encode() in self.clue:
                return one
            if left and sum(a != b for a, b in zip(left[1], one.encode(), strict=True)) <= _ASIDE:
                return one
        return None


def checked_name(name: str) -> str:
    """Give `name` back if a variant may have it.

    Parts joined by "/", each of letters, digits, ".", "_" and "-", which begins with a letter or
    a digit; no part ends in "." or looks like a file of a generation.

    Raises:
        InputError: it may not.
    """
    if "@" in name:
        name, _, version = name[:200].partition("@")
        if version.isdecimal():
            raise InputError(
                must("name of a variant", "one without a version", f"'{name}@{version}'")
            )
        rule, remedy = "a number behind '@'", f"Such as {name}@3."
        raise InputError(must("version of a variant", rule, repr(version), remedy))
    parts = name.split("/")
    fine = all(_PART.fullmatch(part) and not FILE.fullmatch(part) for part in parts)
    if len(name) > _MOST_CHARACTERS or not fine or any(len(part) > 200 for part in parts):
        rule = "made of letters, digits, '.', '_' and '-', with '/' between parts"
        raise InputError(must("name of a variant", rule, repr(name[:200]), "Try 'team/task-a'."))
    return name


def key_of(name: str, generation: int) -> str:
    """Its key."""
    return f"{PREFIX}{checked_name(name)}/{generation:08}.json"


def number_of(key: str) -> int:
    """The one that a key is of."""
    return int(key.rpartition("/")[2].partition(".")[0])


def numbers(place: Place, name: str) -> list[int]:
    """Those that a name has, in order."""
    prefix = f"{PREFIX}{checked_name(name)}/"
    files = ((entry.key.removeprefix(prefix), entry.size_bytes) for entry in place.list(prefix))
    return sorted(int(found[1]) for file, size in files if size and (found := FILE.fullmatch(file)))


def made(name: str, generation: int, manifest: str | None, message: str) -> Ref:
    """A new one, made now."""
    return Ref(name, generation, manifest, message, round(time.time(), 3), secrets.token_hex(8))


def dump(ref: Ref) -> bytes:
    """Its bytes."""
    form = {
        "generation": ref.generation,
        "manifest": ref.manifest,
        "message": ref.message,
        "name": ref.name,
        "time_seconds": ref.time_seconds,
        "token": ref.token,
    }
    body = json.dumps(form, sort_keys=True, separators=(",", ":")).encode()
    return body + b"\n" + blake3(body).hexdigest().encode() + b"\n"


def load(place: Place, name: str, generation: int) -> Ref:
    """Read one that is there.

    Raises:
        LostRef: it is not what was written.
    """
    key = key_of(name, generation)
    size = place.size(key) or 0
    data = place.read(key, 0, min(size, _MOST_BYTES) if size else None)
    body, _, check = data.partition(b"\n")
    if check != blake3(body).hexdigest().encode() + b"\n":
        raise LostRef(place, name, generation, data)
    try:
        ref = Ref(**_fields(json.loads(body)))
        checked_id(ref.manifest or "0" * 64)
    except (ValueError, TypeError, RecursionError) as error:
        raise LostRef(place, name, generation, data) from error
    if (ref.name, ref.generation) != (name, generation):
        raise LostRef(place, name, generation, data)
    return ref


def _fields(form: Any) -> dict[str, Any]:
    kinds = {
        "generation": int,
        "manifest": str | None,
        "message": str,
        "name": str,
        "time_seconds": float,
        "token": str,
    }
    if not isinstance(form, dict) or form.keys() != kinds.keys():
        raise TypeError("fields")
    if not all(isinstance(form[field], kind) for field, kind in kinds.items()):
        raise TypeError("kinds")
    return form
