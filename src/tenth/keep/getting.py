"""Restoring files: byte by byte what was put, or an error and nothing.

Each file is written under a temporary name, compared with the sha256 of the original, flushed to
the disk, and renamed. A call that was stopped leaves the files that were done; the same call goes
on with the others.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tenth.errors import DamagedError, InputError, MissingError, OutputError, must
from tenth.files import atomic_path, output_folder
from tenth.keep.manifest import File, Manifest, Segment
from tenth.keep.streams import Meter, Progress, Workers, beside, threads_of
from tenth.keep.values import AGAIN, Values


@dataclass(frozen=True)
class GetOptions:
    """How to restore.

    Attributes:
        only: patterns of file names, such as `*.json`; empty: all files.
        force: replace files that are there and differ.
        threads: None: one a processor.
        progress: told of every step.
    """

    only: tuple[str, ...] = ()
    force: bool = False
    threads: int | None = None
    progress: Progress | None = None


@dataclass(frozen=True)
class GetResult:
    """What was restored: names of the files written, and of those that were there already."""

    name: str
    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]
    size_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {**vars(self), "folder": str(self.folder)}


def get(name: str, manifest: Manifest, values: Values, out: Path, options: GetOptions) -> GetResult:
    """Restore the files of a manifest into the folder `out`.

    Raises:
        InputError: no file is of the patterns.
        OutputError: a file is there and differs, the disk is full, or the place cannot be written;
            nothing was replaced.
        DamagedError: what was stored is damaged; the file is not written.

    Cost: memory of about 20 MB a thread, whatever the size of the files.
    """
    files = _chosen(manifest.files, options.only)
    folder = out
    targets = {file.name: _inside(folder, file.name) for file in files}
    there = {file.name for file in files if _is_there(targets[file.name], file, options)}
    left = [file for file in files if file.name not in there]
    needed = sum(file.size for file in left)
    _room(folder, needed)
    output_folder(folder)
    meter = Meter(options.progress, f"get {name}", needed)
    with Workers(threads_of(options.threads)) as workers:
        for file in left:
            target = targets[file.name]
            output_folder(target.parent)
            _restore(file, target, values, workers, meter.add)
    kept = tuple(file.name for file in files if file.name in there)
    return GetResult(name, folder, tuple(file.name for file in left), kept, needed)


def _chosen(files: Iterable[File], only: tuple[str, ...]) -> list[File]:
    chosen = [f for f in files if not only or any(fnmatchcase(f.name, one) for one in only)]
    if only and not chosen:
        names = ", ".join(file.name for file in files)
        raise InputError(must("--only", f"a pattern of these files: {names}", " ".join(only)))
    return chosen


def _inside(folder: Path, name: str) -> Path:
    """Where a file goes; links that are there already must not lead it elsewhere."""
    target = folder / name
    if not target.parent.resolve().is_relative_to(folder.resolve()) or target.is_symlink():
        raise OutputError(
            must(str(target), "inside its folder", "a link", "Choose an empty folder with --out.")
        )
    return target


def _is_there(target: Path, file: File, options: GetOptions) -> bool:
    if not target.exists():
        return False
    if target.is_dir():
        raise OutputError(must(str(target), "a file", "a folder", "Choose another --out."))
    if target.stat().st_size == file.size and _sha256(target) == file.sha256:
        return True
    if not options.force:
        raise OutputError(
            f"{target} is there already and differs from what is stored. Choose another folder "
            f"with --out, or replace it with --force."
        )
    return False


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _room(folder: Path, needed: int) -> None:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise OutputError(
            must(f"disk of {folder}", f"free for {needed:,} bytes", f"{free:,}", "Make room.")
        )


def _restore(
    file: File, target: Path, values: Values, workers: Workers, done: Callable[[int], None]
) -> None:
    def decoded(step: tuple[Segment, int]) -> memoryview:
        segment, at = step
        try:
            return values.chunk(segment.id, at)
        except (DamagedError, MissingError) as error:
            what = f"tensor {segment.name}" if segment.name else "a run of bytes"
            again = "" if AGAIN in str(error) else f" {AGAIN}"
            told = f"{file.name} cannot be restored: {what} of it is lost. {error}{again}"
            kind = MissingError if isinstance(error, MissingError) else DamagedError
            raise kind(told) from error

    digest = hashlib.sha256()
    steps = ((segment, at) for segment in file.segments for _, at in values.chunks(segment.id))
    with atomic_path(target) as temporary:
        with temporary.open("wb", buffering=0) as opened, beside(digest.update) as hashing:
            for data in workers.in_order(decoded, steps):
                hashing(data)
                _write(opened.write, data)
                done(len(data))
        if digest.hexdigest() != file.sha256:
            raise DamagedError(
                f"{file.name} cannot be restored: its bytes are not those that were put. "
                "Run `tenth keep verify --deep` to see which tensor."
            )


def _write(write: Callable[[memoryview], int | None], data: memoryview) -> None:
    """All of `data`; one call of the system may take less."""
    while data:
        data = data[write(data) or 0 :]
