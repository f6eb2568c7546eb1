"""Refs: names of variants. Each change is a new, numbered, immutable file.

    refs/<name>/<00000012>.json

The highest number is what the name points to, the others are its log. A change creates the next
number, which fails if somebody else did so first: compare-and-swap without locks, in a folder and
in a bucket. Removing a name adds a generation that points to nothing.
"""

import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from tenth.errors import ConflictError, DamagedError, InputError, MissingError, must
from tenth.keep.packs.form import checked_id
from tenth.keep.places import Place

_PREFIX = "refs/"
_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")
_FILE = re.compile(r"([0-9]{8})\.json")
_MOST_CHARACTERS = 400
_MOST_MESSAGE = 10_000
_MOST_BYTES = 1 << 20
_MOST_GENERATIONS = 99_999_999


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


def checked_name(name: str) -> str:
    """Give `name` back if a variant may have it.

    Parts joined by "/", each of letters, digits, ".", "_" and "-", which begins with a letter or
    a digit; no part ends in "." or looks like a file of a generation.

    Raises:
        InputError: it may not.
    """
    parts = name.split("/")
    fine = all(_PART.fullmatch(part) and not _FILE.fullmatch(part) for part in parts)
    if len(name) > _MOST_CHARACTERS or not fine or any(len(part) > 200 for part in parts):
        rule = "made of letters, digits, '.', '_' and '-', with '/' between parts"
        raise InputError(must("name of a variant", rule, repr(name[:200]), "Try 'team/task-a'."))
    return name


def read(place: Place, name: str) -> Ref | None:
    """What a name points to, or None if it was never written or was removed.

    Raises:
        DamagedError: its newest generation is not what was written.
    """
    newest = _newest(place, name)
    return newest if newest and newest.manifest else None


def write(
    place: Place, name: str, manifest: str, expected_generation: int, message: str = ""
) -> Ref:
    """Let a name point to a manifest, if it is still at the generation that `read` gave.

    Args:
        expected_generation: that generation, or 0 where `read` gave None.

    Raises:
        ConflictError: somebody else changed the name first; nothing was written.
        DamagedError: its newest generation is not what was written.
    """
    return _add(place, name, checked_id(manifest), expected_generation, message)


def remove(
    place: Place, name: str, expected_generation: int | None = None, message: str = ""
) -> Ref:
    """Let a name point to nothing; its log stays.

    Raises:
        MissingError: there is no such name.
        ConflictError: it is not at `expected_generation`, or somebody else changed it just now.
    """
    found = read(place, name)
    if found is None:
        raise MissingError(f"{place.url} has no variant {name}.")
    expected = found.generation if expected_generation is None else expected_generation
    return _add(place, name, None, expected, message)


def history(place: Place, name: str) -> list[Ref]:
    """All generations of a name, the newest first; removals are among them.

    Raises:
        DamagedError: one of them is not what was written.
    """
    return [_load(place, name, number) for number in reversed(_generations(place, name))]


def names(place: Place) -> list[str]:
    """The names that point to something, in alphabetical order.

    Raises:
        DamagedError: the newest generation of one is not what was written.
    """
    return [name for name in ever(place) if read(place, name) is not None]


def ever(place: Place) -> list[str]:
    """The names that were ever written, removed ones included, in alphabetical order."""
    found: set[str] = set()
    for entry in place.list(_PREFIX):
        name, _, file = entry.key.removeprefix(_PREFIX).rpartition("/")
        if name and entry.size_bytes and _FILE.fullmatch(file):
            found.add(name)
    return sorted(found)


def _newest(place: Place, name: str) -> Ref | None:
    numbers = _generations(place, name)
    return _load(place, name, numbers[-1]) if numbers else None


def _generations(place: Place, name: str) -> list[int]:
    prefix = f"{_PREFIX}{checked_name(name)}/"
    files = ((entry.key.removeprefix(prefix), entry.size_bytes) for entry in place.list(prefix))
    return sorted(
        int(found[1]) for file, size in files if size and (found := _FILE.fullmatch(file))
    )


def _key(name: str, generation: int) -> str:
    return f"{_PREFIX}{checked_name(name)}/{generation:08}.json"


def _add(place: Place, name: str, manifest: str | None, expected: int, message: str) -> Ref:
    newest = _newest(place, name)
    current = newest.generation if newest and newest.manifest else 0
    if current != expected:
        raise _conflict(place, name, expected, current)
    if len(message) > _MOST_MESSAGE:
        raise InputError(must("message", f"at most {_MOST_MESSAGE} characters", len(message)))
    number = (newest.generation if newest else 0) + 1
    if number > _MOST_GENERATIONS:
        raise InputError(must(f"variant {name}", "changed less often", number, "Take a new name."))
    ref = Ref(name, number, manifest, message, round(time.time(), 3), secrets.token_hex(8))
    data = _dump(ref)
    key = _key(name, number)
    # after a lost answer a bucket is asked again, and then finds what it wrote the first time
    if not place.create(key, data) and place.read(key) != data:
        raise _conflict(place, name, expected, number)
    return ref


def _conflict(place: Place, name: str, expected: int, current: int) -> ConflictError:
    return ConflictError(
        f"{name} in {place.url} was changed by somebody else: it is at generation {current}, "
        f"and {expected} was expected. Look at its log, and try again."
    )


def _dump(ref: Ref) -> bytes:
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


def _load(place: Place, name: str, generation: int) -> Ref:
    key = _key(name, generation)
    size = place.size(key) or 0
    data = place.read(key, 0, min(size, _MOST_BYTES) if size else None)
    body, _, check = data.partition(b"\n")
    if check != blake3(body).hexdigest().encode() + b"\n":
        raise _damaged(place, key)
    try:
        ref = Ref(**_fields(json.loads(body)))
        checked_id(ref.manifest or "0" * 64)
    except (ValueError, TypeError, RecursionError) as error:
        raise _damaged(place, key) from error
    if (ref.name, ref.generation) != (name, generation):
        raise _damaged(place, key)
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


def _damaged(place: Place, key: str) -> DamagedError:
    return DamagedError(
        f"{key} in {place.url} is damaged. Fetch the name again from another store that has it; "
        "the generations before it are whole unless they are named too."
    )
