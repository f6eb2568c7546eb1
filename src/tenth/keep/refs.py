"""Refs: names of variants. Each change is a new, numbered, immutable file.

    refs/<name>/<00000012>.json

The highest number is what the name points to, the others are its log. A change creates the next
number, which fails if somebody else did so first: compare-and-swap without locks, in a folder and
in a bucket. Removing a name adds a generation that points to nothing.
"""

from collections.abc import Iterator

from tenth.errors import ConflictError, InputError, MissingError, must
from tenth.keep.generations import (
    FILE,
    PREFIX,
    LostRef,
    Ref,
    checked_name,
    dump,
    key_of,
    load,
    made,
    number_of,
    numbers,
)
from tenth.keep.packs.form import checked_id
from tenth.keep.places import Place

__all__ = [
    "LostRef",
    "Ref",
    "at",
    "backwards",
    "checked_name",
    "ever",
    "history",
    "mend",
    "names",
    "number_of",
    "read",
    "remove",
    "standing",
    "unwritten",
    "write",
]

_MOST_MESSAGE = 10_000
_WRITING_SECONDS = 3600.0
_MOST_GENERATIONS = 99_999_999


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
        expected_generation: that generation, or 0 where `read` gave None (see `standing`).

    Raises:
        ConflictError: somebody else changed the name first; nothing was written.
    """
    return _add(place, name, checked_id(manifest), expected_generation, message)


def remove(
    place: Place, name: str, expected_generation: int | None = None, message: str = ""
) -> Ref:
    """Let a name point to nothing; its log stays. A name that is damaged can be removed, too.

    Raises:
        MissingError: there is no such name.
        ConflictError: it is not at `expected_generation`, or somebody else changed it just now.
    """
    current = standing(place, name)
    if not current:
        raise MissingError(f"{place.url} has no variant {name}.")
    expected = current if expected_generation is None else expected_generation
    return _add(place, name, None, expected, message)


def standing(place: Place, name: str) -> int:
    """The generation that a name is at, which `write` expects; 0 where it points to nothing.

    The newest one counts if it is damaged, too.
    """
    return _standing(place, name)[0]


def mend(place: Place, lost: LostRef, manifest: str | None, message: str = "") -> Ref:
    """Write a damaged generation anew: it points to `manifest` from now on, or to nothing.

    Raises:
        ConflictError: somebody else changed the name in between.
    """
    ref = made(lost.name, lost.generation, manifest and checked_id(manifest), message)
    place.delete(lost.key)
    if not place.create(lost.key, dump(ref)):
        raise _conflict(place, lost.name, lost.generation, lost.generation)
    return ref


def history(place: Place, name: str, damaged: list[LostRef] | None = None) -> list[Ref]:
    """All generations of a name, the newest first; removals are among them.

    Args:
        damaged: takes the errors of those that cannot be read; None: they are raised.

    Raises:
        DamagedError: one of them is not what was written.
    """
    found: list[Ref] = []
    for one in backwards(place, name):
        if isinstance(one, Ref):
            found.append(one)
        elif damaged is None:
            raise one
        else:
            damaged.append(one)
    return found


def backwards(place: Place, name: str) -> Iterator[Ref | LostRef]:
    """The generations of a name, the newest first, each read when it is asked for."""
    for number in reversed(numbers(place, name)):
        try:
            yield load(place, name, number)
        except LostRef as lost:
            yield lost


def at(place: Place, name: str, generation: int) -> Ref | None:
    """One generation of a name, whatever became of the others; None if it was never written.

    Raises:
        DamagedError: it is not what was written.
    """
    return load(place, name, generation) if generation in numbers(place, name) else None


def names(place: Place) -> list[str]:
    """The names that point to something, in alphabetical order.

    Raises:
        DamagedError: the newest generation of one is not what was written.
    """
    return [name for name in ever(place) if read(place, name) is not None]


def ever(place: Place) -> list[str]:
    """The names that were ever written, removed ones included, in alphabetical order."""
    found: set[str] = set()
    for entry in place.list(PREFIX):
        name, _, file = entry.key.removeprefix(PREFIX).rpartition("/")
        if name and entry.size_bytes and FILE.fullmatch(file):
            found.add(name)
    return sorted(found)


def unwritten(place: Place) -> list[tuple[str, str]]:
    """Name and key of each generation without bytes that no writer is at work on any more.

    A crash cut it off where files have no hard links, or a copy or a disk lost what it held.
    """
    empty = [entry for entry in place.list(PREFIX) if not entry.size_bytes]
    now = place.clock() if empty else 0.0
    found: list[tuple[str, str]] = []
    for entry in empty:
        name, _, file = entry.key.removeprefix(PREFIX).rpartition("/")
        if name and FILE.fullmatch(file) and now - entry.modified_seconds > _WRITING_SECONDS:
            found.append((name, entry.key))
    return sorted(found)


def _newest(place: Place, name: str) -> Ref | None:
    found = numbers(place, name)
    return load(place, name, found[-1]) if found else None


def _standing(place: Place, name: str) -> tuple[int, int]:
    """The generation that a name is at, 0 where it points to nothing, and the newest there is."""
    try:
        newest = _newest(place, name)
    except LostRef as lost:
        return lost.generation, lost.generation
    if newest is None:
        return 0, 0
    return newest.generation if newest.manifest else 0, newest.generation


def _add(place: Place, name: str, manifest: str | None, expected: int, message: str) -> Ref:
    current, last = _standing(place, name)
    if current != expected:
        raise _conflict(place, name, expected, current)
    if len(message) > _MOST_MESSAGE:
        raise InputError(must("message", f"at most {_MOST_MESSAGE} characters", len(message)))
    number = last + 1
    if number > _MOST_GENERATIONS:
        raise InputError(must(f"variant {name}", "changed less often", number, "Take a new name."))
    ref = made(name, number, manifest, message)
    data = dump(ref)
    key = key_of(name, number)
    # after a lost answer a bucket is asked again, and then finds what it wrote the first time
    if not place.create(key, data) and place.read(key) != data:
        raise _conflict(place, name, expected, number)
    return ref


def _conflict(place: Place, name: str, expected: int, current: int) -> ConflictError:
    return ConflictError(
        f"{name} in {place.url} was changed by somebody else: it is at generation {current}, "
        f"and {expected} was expected. Look at its log, and try again."
    )
