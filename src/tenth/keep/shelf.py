"""A store opened: its place, its names, its manifests and its packs."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from itertools import islice, takewhile

from tenth.errors import InputError, MissingError, must
from tenth.keep import refs
from tenth.keep.index import Index, Manifests, manifest_key
from tenth.keep.manifest import Manifest
from tenth.keep.packs import Reader, pack_key
from tenth.keep.places import Place
from tenth.keep.refs import LostRef, Ref
from tenth.keep.values import Values

UNFINISHED = "unfinished/"
_VERSION = re.compile(r"(.+)@([0-9]{1,8})")


class Shelf:
    """What every verb works on."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.manifests = Manifests(place)
        self.packs = Reader(place)

    def current(
        self, *, unfinished: bool = False, damaged: list[LostRef] | None = None
    ) -> list[Ref]:
        """What each name points to, in order of names.

        Args:
            unfinished: give those of interrupted puts too.
            damaged: takes the errors of names that cannot be read; None: they are raised.
        """
        found: list[Ref] = []
        for name in refs.ever(self.place):
            if name.startswith(UNFINISHED) and not unfinished:
                continue
            try:
                ref = refs.read(self.place, name)
            except LostRef as error:
                if damaged is None:
                    raise
                damaged.append(error)
                continue
            if ref is not None:
                found.append(ref)
        return found

    def names(self) -> list[str]:
        """The names that can be read, in order."""
        return [ref.name for ref in self.current(damaged=[])]

    def ref(self, name: str) -> Ref:
        """What a name points to; `name@3` is what it pointed to at generation 3.

        Raises:
            MissingError: there is no such name, or it has no such generation.
        """
        versioned = _VERSION.fullmatch(name)
        if versioned is None:
            found = refs.read(self.place, name)
            if found is None:
                raise self._unknown(name)
            return found
        name, generation = versioned[1], int(versioned[2])
        found = refs.at(self.place, name, generation)
        if found is not None and found.manifest is not None:
            return found
        history = self.history(name, damaged=[])
        there = ", ".join(str(one.generation) for one in history if one.manifest is not None)
        raise MissingError(must(f"version of {name}", f"one of {there}", generation))

    def manifest(self, name: str) -> Manifest:
        """The manifest that a name points to.

        Raises:
            MissingError: there is no such name, or its manifest is not there.
            DamagedError: the manifest is damaged.
        """
        ref = self.ref(name)
        assert ref.manifest is not None
        try:
            return self.manifests.read(ref.manifest)
        except MissingError as error:
            raise MissingError(
                f"{name} is not whole: its manifest {ref.manifest[:12]} is not in "
                f"{self.place.url}. Pull it again from another store that has it."
            ) from error

    def values(self, manifest: Manifest) -> Values:
        """Reads the tensors of a manifest."""
        return Values(self.packs, manifest.records)

    def history(self, name: str, damaged: list[LostRef] | None = None) -> list[Ref]:
        """All generations of a name, the newest first.

        Args:
            name: without a version.
            damaged: takes the errors of those that cannot be read; None: they are raised.

        Raises:
            MissingError: the name was never there.
        """
        found = refs.history(self.place, name, damaged)
        if not found and not damaged:
            raise self._unknown(name)
        return found

    def remove(self, name: str, message: str = "") -> Ref:
        """Let a name point to nothing, one that is damaged too.

        Raises:
            MissingError: there is no such name.
            InputError: a version is named.
        """
        if "@" in name:
            remedy = "rm takes a name with all its versions; gc --versions drops old ones."
            raise InputError(must("name to remove", "a name without a version", name, remedy))
        current = refs.standing(self.place, name)
        if not current:
            raise self._unknown(name)
        return refs.remove(self.place, name, current, message)

    def reach(self, versions: int | None = None) -> Callable[[], set[str]]:
        """What gives the keys of all that the names need, and that their older versions do.

        Args:
            versions: how many of the newest of each name are kept; None: all since its removal.

        Raises:
            InputError: none is to be kept.
        """
        if versions is not None and versions < 1:
            raise InputError(must("versions that are kept", "at least 1", versions))
        known: dict[str, set[str]] = {}

        def reached() -> set[str]:
            keys: set[str] = set()
            for name in refs.ever(self.place):
                living = takewhile(points, refs.backwards(self.place, name))
                for ref in islice(living, 1 if name.startswith(UNFINISHED) else versions):
                    if isinstance(ref, LostRef):
                        raise ref  # what it needs is not known
                    manifest_id = ref.manifest or ""
                    if manifest_id not in known:
                        known[manifest_id] = keys_of(self.manifests.read(manifest_id))
                    keys |= known[manifest_id]
            return keys

        return reached

    def index(self) -> Index:
        """What the names of the store hold now, interrupted puts included."""
        found = self.current(unfinished=True, damaged=[])
        return Index(self.manifests, dict.fromkeys(ref.manifest or "" for ref in found))

    def _unknown(self, name: str) -> MissingError:
        names = self.names()
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        told = f"Did you mean {' or '.join(near)}?" if near else ""
        if not told:
            shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
            told = f"There are: {shown}." if names else "The store is empty."
        return MissingError(must("name", f"one that {self.place.url} has", repr(name), told))


def points(ref: Ref | LostRef) -> bool:
    """Whether a generation points to something, as far as is known: it is no removal."""
    return isinstance(ref, LostRef) or ref.manifest is not None


def keys_of(manifest: Manifest) -> set[str]:
    """The keys of all that a manifest needs, its own included."""
    return {manifest_key(manifest.id), *(pack_key(pack) for pack in manifest.packs())}
