"""Bringing back what is damaged or gone from another store that has it."""

from collections.abc import Iterable

from blake3 import blake3

from tenth.errors import DamagedError, MissingError
from tenth.keep import refs
from tenth.keep.places import Place
from tenth.keep.refs import LostRef, Ref
from tenth.keep.shelf import Shelf
from tenth.keep.streams import Progress
from tenth.keep.verdict import Depth, Problem, Verdict
from tenth.keep.verify import verify

_REMOVED = b'"manifest":null'


def repair(
    shelf: Shelf,
    other: Place,
    names: Iterable[str] = (),
    *,
    depth: Depth = "stored",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Look at a store, and fetch what is damaged or gone from another one (see `verify`).

    Objects are compared with their ids before they take the place of the damaged ones. A damaged
    version of a name points again to what it pointed to, where what is left of it says so and the
    other store has that under this name; else the newest one becomes what the other store has now.
    So does one that is empty, if nothing else here has the name or the other store goes on from it.
    """
    asked = list(names)
    first = now = verify(shelf, asked, depth=depth, threads=threads, progress=progress)
    mended: dict[str, str] = {}
    # a name that is mended can bring a manifest to light that is not, and a manifest packs
    while new := _mend(shelf, other, now.problems, mended):
        mended |= new
        shelf = Shelf(shelf.place)
        now = verify(shelf, asked, depth=depth, threads=threads, progress=progress)
    told = tuple(mended.values())
    return Verdict(now.depth, now.names, now.tensors, now.packs, now.problems, first.problems, told)


def _mend(
    shelf: Shelf, other: Place, problems: Iterable[Problem], done: dict[str, str]
) -> dict[str, str]:
    """What was mended of the problems, by key, each a sentence; nothing is tried twice."""
    mended: dict[str, str] = {}
    for problem in problems:
        key = problem.key
        if not key or key in done or key in mended:
            continue
        if not key.startswith("refs/"):
            said = _object(shelf.place, other, key)
        elif shelf.place.size(key):
            said = _ref(shelf.place, other, problem)
        else:
            said = _empty(shelf.place, other, problem)
        if said:
            mended[key] = said
    return mended


def _object(place: Place, other: Place, key: str) -> str:
    try:
        data = other.read(key)
    except (MissingError, DamagedError):
        return ""
    if blake3(data).hexdigest() != key.rpartition("/")[2]:
        return ""
    place.delete(key)
    place.create(key, data)
    return f"{key} was fetched from {other.url}, {len(data):,} bytes."


def _ref(place: Place, other: Place, problem: Problem) -> str:
    newest = True
    for lost in refs.backwards(place, problem.name):
        if isinstance(lost, LostRef) and lost.key == problem.key:
            break
        newest = False
    else:
        return ""
    if _REMOVED in lost.clue:
        refs.mend(place, lost, None)
        return f"{lost.key} was written anew: {lost.name} was removed then."
    theirs = refs.history(other, lost.name, damaged=[])
    named = lost.among(one.manifest for one in theirs if one.manifest)
    found = next((one for one in theirs if one.manifest and one.manifest == named), None)
    if found is None and newest and theirs and theirs[0].manifest:
        found = theirs[0]
    if found is None:
        return ""
    return _mended(place, lost, other, found)


def _empty(place: Place, other: Place, problem: Problem) -> str:
    lost = LostRef(place, problem.name, refs.number_of(problem.key))
    here = next(refs.backwards(place, lost.name), None)
    theirs = refs.history(other, lost.name, damaged=[])
    if not theirs or theirs[0].manifest is None:
        return ""
    if here is not None and (
        isinstance(here, LostRef)
        or here.generation > lost.generation
        or all(one.manifest != here.manifest for one in theirs[1:])
    ):
        return ""
    return _mended(place, lost, other, theirs[0])


def _mended(place: Place, lost: LostRef, other: Place, found: Ref) -> str:
    refs.mend(place, lost, found.manifest, found.message)
    return (
        f"{lost.key} was written anew: {lost.name} is what it is in {other.url} "
        f"at version {found.generation}."
    )
