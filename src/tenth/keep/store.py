"""The store: variants under names, in a folder or a bucket."""

from collections.abc import Iterable
from pathlib import Path
from typing import Unpack

from tenth.errors import InputError, OutputError, must
from tenth.keep import changes, listing, patch, showing, usage, verify
from tenth.keep.assembling import PutOptions, PutResult
from tenth.keep.collect import GRACE_SECONDS, Collected, collect
from tenth.keep.exchange import LostNames, move
from tenth.keep.getting import GetOptions, GetResult, get
from tenth.keep.lossy import RANK, LossyResult, put_lossy
from tenth.keep.opening import Variant
from tenth.keep.places import Place, open_place
from tenth.keep.putting import put
from tenth.keep.rebasing import rebase
from tenth.keep.refs import Ref
from tenth.keep.repairing import repair
from tenth.keep.shelf import UNFINISHED, Shelf
from tenth.keep.streams import Progress
from tenth.keep.terms import (
    ExportTerms,
    GetTerms,
    PutTerms,
    WorkTerms,
    checked,
    is_place,
    name_of,
    names_of,
    path_of,
)
from tenth.keep.transfer import Moved
from tenth.keep.verdict import Depth, Verdict


class Store:
    """Variants of models, each as a small, exact difference from its base.

        store = Store("models/", make=True)
        store.put("base", "llama/")
        store.put("task-a", "llama-task-a/")       # finds its base
        store.get("task-a", "out/")                # byte-identical files
        weights = store.open("task-a")["lm_head.weight"][:16]

    Args:
        place: a folder, or s3://, gs://, az:// and memory:// (with obstore).
        make: make a new store where there is none.

    Raises:
        MissingError: there is no store, and none is to be made.
    """

    def __init__(self, place: str | Path | Place, *, make: bool = False) -> None:
        if not isinstance(place, str | Path):
            if not is_place(place):
                rule = "a folder, the URL of a bucket, or a place"
                raise InputError(must("place of a store", rule, repr(place)[:200]))
            self._shelf = Shelf(place)
            return
        self._shelf = Shelf(open_place(place, make=make))

    @property
    def url(self) -> str:
        """Where it is."""
        return self._shelf.place.url

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    def put(self, name: str, path: str | Path, **how: Unpack[PutTerms]) -> PutResult:
        """Store a model folder or a file under a name; what the name had stays in its log.

        Args:
            name: letters, digits, ".", "_", "-" and "/".
            path: a model folder, a safetensors file, a torch file, or any file.
            how: `base` ("auto", a name, or None), `message`, `tier` ("fast" or "archive"),
                `threads`, `progress`: see `PutOptions`.

        Raises:
            InputError: the files cannot be read, change meanwhile, or the name is not allowed.
            MissingError: the base that was named is not in the store.
            OutputError: the place is full or cannot be written; the name is as it was.

        Cost: two reads of every byte; memory of about 25 MB a thread.
        """
        options = PutOptions(**checked(how, PutTerms))
        return put(self._shelf, name_of(name), path_of(path), options)

    def put_lossy(
        self, name: str, path: str | Path, method: str, *, rank: int = RANK, **how: Unpack[PutTerms]
    ) -> LossyResult:
        """Store something near a model: "onebit" or "lowrank" differences, with the measured error.

        Raises:
            InputError: no such method, no base is named, or no matrix has one.
        """
        options = PutOptions(**checked(how, PutTerms))
        return put_lossy(self._shelf, name_of(name), path_of(path), method, options, rank)

    def get(self, name: str, out: str | Path, **how: Unpack[GetTerms]) -> GetResult:
        """Restore the files of a name into a folder, byte by byte as they were.

        Args:
            name: as put; `name@3` is its third version.
            out: a folder; what is there already and equal is left, what differs is an error.
            how: `only` (patterns of file names), `force`, `threads`, `progress`: see `GetOptions`.

        Raises:
            MissingError: there is no such name.
            InputError: it is what an interrupted put left, and has no files.
            OutputError: a file is there and differs, or the disk is full.
            DamagedError: what is stored is damaged; that file is not written.

        Cost: memory of about 20 MB a thread, whatever the size of the files.
        """
        options, folder = GetOptions(**checked(how, GetTerms)), path_of(out, "folder of the files")
        manifest = self._shelf.manifest(name_of(name))
        if name.startswith(UNFINISHED):
            whole = name.removeprefix(UNFINISHED)
            raise InputError(
                f"{name} holds what a put of {whole} had stored when it was interrupted: tensors, "
                f"and no files. Put {whole} again: it goes on from there."
            )
        return get(name, manifest, self._shelf.values(manifest), folder, options)

    def open(self, name: str) -> Variant:
        """The tensors of a name, read when they are used: nothing is restored to the disk.

        Raises:
            MissingError: there is no such name.
        """
        manifest = self._shelf.manifest(name_of(name))
        return Variant(name, manifest, self._shelf.values(manifest))

    def ls(self) -> list[listing.Listed]:
        """The names, in order; those of interrupted puts begin with `unfinished/`."""
        return listing.ls(self._shelf)

    def show(self, name: str) -> showing.Shown:
        """A name in full: its files, its tensors, and how each is stored."""
        return showing.show(self._shelf, name_of(name))

    def log(self, name: str) -> list[listing.Logged]:
        """All versions of a name, the newest first; removals are among them, and damaged ones.

        Raises:
            MissingError: the name was never there.
        """
        return listing.log(self._shelf, name_of(name))

    def du(self, usd_per_gb_month: float | None = None) -> usage.Usage:
        """What each name takes, what all would take in full, and the money between."""
        return usage.usage(self._shelf, usd_per_gb_month)

    def diff(
        self, before: str, after: str, *, values: bool = False, **how: Unpack[WorkTerms]
    ) -> changes.Changes:
        """What differs between two names or versions; with `values` also how many elements."""
        names = name_of(before), name_of(after)
        return changes.diff(self._shelf, *names, values=values, **checked(how, WorkTerms))

    def export(
        self, name: str, against: str, out: str | Path, **how: Unpack[ExportTerms]
    ) -> patch.PatchResult:
        """Write a sparse patch: where `name` differs from `against`, and its values there.

        Raises:
            MissingError: there is no such name.
            InputError: the file is not named as a safetensors file.
            OutputError: the file is there, and `force` is not given; or it cannot be written.
        """
        names, file = (name_of(name), name_of(against)), path_of(out, "file of the patch")
        terms = checked(how, ExportTerms)
        patch.check_file(file, force=terms.pop("force", False))
        return patch.export(self._shelf, *names, file, **terms)

    def rebase(self, name: str, **how: Unpack[PutTerms]) -> PutResult:
        """Store a variant anew from another base, or with `base=None` from none.

        Raises:
            MissingError: there is no such name, or no such base.
        """
        return rebase(self._shelf, name_of(name), PutOptions(**checked(how, PutTerms)))

    def rm(self, name: str, message: str = "") -> Ref:
        """Remove a name; what it alone needs is deleted by the second `gc` after a grace period.

        A name whose newest version is damaged can be removed, too.

        Raises:
            MissingError: there is no such name.
            InputError: a version is named.
        """
        return self._shelf.remove(name_of(name), message)

    def gc(
        self,
        *,
        grace_seconds: float = GRACE_SECONDS,
        dry_run: bool = False,
        versions: int | None = None,
    ) -> Collected:
        """Delete what no name needs: marked by one call, deleted by one after the grace period.

        Args:
            grace_seconds: how long what is not needed is kept, before and after its mark.
            dry_run: only tell.
            versions: how many of the newest versions of each name are kept; None: all.

        Raises:
            StoreError: a manifest cannot be read, so that it is not known what it needs; nothing
                was deleted.
        """
        reached = self._shelf.reach(versions)
        return collect(self._shelf.place, reached, grace_seconds, dry_run=dry_run)

    def verify(
        self,
        names: Iterable[str] = (),
        *,
        depth: Depth = "quick",
        repair_from: "str | Path | Store | None" = None,
        **how: Unpack[WorkTerms],
    ) -> Verdict:
        """Look whether what is stored is what was put; with `repair_from` mend it.

        Args:
            names: which; empty: all.
            depth: "quick", "stored" or "deep" (see `tenth.keep.verify`).
            repair_from: another store that may have what is damaged here.
            how: `threads`, `progress`.
        """
        names, terms = names_of(names) or [], checked(how, WorkTerms)
        if repair_from is None:
            return verify.verify(self._shelf, names, depth=depth, **terms)
        other = _store(repair_from)._shelf.place
        verdict = repair(self._shelf, other, names, depth=depth, **terms)
        self._shelf = Shelf(self._shelf.place)  # nothing that was damaged is remembered
        return verdict

    def push(
        self,
        other: "str | Path | Store",
        names: Iterable[str] | None = None,
        *,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Moved:
        """Bring names to another store, which is made if need be; only what it lacks is moved.

        Raises:
            ConflictError: a name has changed there; `force` overwrites it.
        """
        target = _store(other, make=True)
        return move(self._shelf, target._shelf, names_of(names), force=force, progress=progress)

    def pull(
        self,
        other: "str | Path | Store",
        names: Iterable[str] | None = None,
        *,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Moved:
        """Fetch names from another store; only what is lacking here is moved.

        Raises:
            ConflictError: a name has changed here; `force` overwrites it.
        """
        source = _store(other)
        return move(source._shelf, self._shelf, names_of(names), force=force, progress=progress)


def _store(where: "str | Path | Store", *, make: bool = False) -> Store:
    return where if isinstance(where, Store) else Store(where, make=make)


def clone(
    source: str | Path | Store, where: str | Path, *, progress: Progress | None = None
) -> Store:
    """A new store with all names of another one.

    Raises:
        MissingError: there is no store.
        OutputError: there are other things at `where`, or a store with names.
        LostNames: names of the source are damaged; the others are in the new store.
    """
    origin, made = _store(source), Store(where, make=True)
    if made.ls():
        raise OutputError(
            f"{made.url} is a store with names. Name an empty or a new place, or pull into it."
        )
    if lost := made.pull(origin, progress=progress).lost:
        raise LostNames(lost)
    return made
