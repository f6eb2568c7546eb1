"""The files of a folder, links followed, each once and none by a loop."""

import os
from collections.abc import Iterator
from pathlib import Path

from tenth.errors import InputError, must
from tenth.keep.places import MARKER
from tenth.keep.sources.files import unreadable

MOST_FILES = 100_000
DEEPEST = 64
_LEFT_OUT = (".git", ".cache/huggingface")  # what tools put beside a model


def walk(root: Path) -> tuple[list[tuple[str, Path]], list[str]]:
    """Relative name and path of every file below `root`, and what was left out, and why.

    A link to a file counts as that file, as in the hub's cache, where snapshots link to blobs. A
    link to a folder counts as that folder, unless it leads back to one it lies in.

    Raises:
        InputError: a folder cannot be read, a link leads nowhere or in a circle, a name is not
            Unicode, there are too many files, or it is a store of tenth.
    """
    if _is_store(root):
        remedy = f"Restore what it holds: `tenth keep get NAME --store {root}`."
        raise InputError(must(f"folder {root}", "a model's", "a store of tenth", remedy))
    _refuse_cache(root)
    files: list[tuple[str, Path]] = []
    left_out: list[str] = []
    for entry in _below(root, "", (), left_out):
        if len(files) >= MOST_FILES:
            raise InputError(must(f"folder {root}", f"of at most {MOST_FILES} files", "more"))
        files.append(entry)
    return sorted(files), left_out


def _below(
    folder: Path, prefix: str, above: tuple[tuple[int, int], ...], left_out: list[str]
) -> Iterator[tuple[str, Path]]:
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise unreadable(folder, error) from error
    own = (status.st_dev, status.st_ino)
    if own in above:
        raise InputError(must(f"{folder}", "a folder below", "a link to one that it lies in"))
    if len(above) >= DEEPEST:
        raise InputError(must(f"{folder}", f"at most {DEEPEST} folders deep", "deeper"))
    for entry in entries:
        name = prefix + _text(entry.name, folder)
        if not _is_folder(entry):
            yield name, Path(entry.path)
        elif name in _LEFT_OUT:
            left_out.append(f"{name} was left out: tools put it there")
        elif _is_store(Path(entry.path)):
            left_out.append(f"{name} was left out: it is a store of tenth")
        else:
            yield from _below(Path(entry.path), name + "/", (*above, own), left_out)


def _is_store(folder: Path) -> bool:
    return (folder / MARKER).is_file()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        raise unreadable(Path(entry.path), error) from error


def _text(name: str, folder: Path) -> str:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            must(f"name of a file in {folder}", "Unicode", ascii(name), "Rename it.")
        ) from error
    return name


def _refuse_cache(root: Path) -> None:
    """A model's folder in the hub's cache holds blobs and several snapshots: name one of those."""
    if not ((root / "blobs").is_dir() and (root / "snapshots").is_dir()):
        return
    found = sorted(path.name for path in (root / "snapshots").iterdir())
    remedy = f"Name {root / 'snapshots' / found[0]}." if found else "It has no snapshot."
    raise InputError(must(f"{root}", "one snapshot of a model", "the cache of a hub", remedy))
