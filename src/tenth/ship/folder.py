"""A saved program on disk: a folder that is whole or absent."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tenth.errors import FormatError, OutputError, must
from tenth.files import output_folder, write_bytes
from tenth.kernels.targets import TARGETS
from tenth.ship import manifest as manifests
from tenth.ship.manifest import Manifest, Stamp

MANIFEST = "manifest.json"
_MOST_MANIFEST_BYTES = 2**26


def save_folder(
    path: Path, files: Mapping[str, bytes], manifest: Callable[[Mapping[str, Stamp]], str]
) -> Path:
    """Write files and their manifest as the folder `path`, or leave `path` as it was.

    Raises:
        OutputError: it is a file, holds what is not of a program, or cannot be written.
    """
    path = path.resolve()
    check_replaceable(path, files)
    output_folder(path.parent)
    token = secrets.token_hex(4)
    fresh, old = (path.with_name(f".{path.name}.{token}.{end}") for end in ("tmp", "old"))
    try:
        fresh.mkdir()
        for name, data in files.items():
            write_bytes(fresh / name, data)
        text = manifest({name: _stamp(data) for name, data in files.items()})
        write_bytes(fresh / MANIFEST, text.encode())
        _swap(fresh, path, old)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(f"{path} cannot be written: {reason}. Choose another place.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return path


def read_folder(
    path: Path, sources: Sequence[str], weights: Sequence[str]
) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the files of a saved program, each compared with its stamp.

    There is one of the files of weights. The library of its target may be missing; then it is not
    among the files.

    Raises:
        FormatError: it is no folder of a program, or a file is missing, too long or changed.
    """
    if not path.is_dir():
        raise FormatError(must(f"program {path}", "a folder that save() wrote", "no folder"))
    try:
        text = _read(path / MANIFEST, _MOST_MANIFEST_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(must(f"{path / MANIFEST}", "UTF-8 text", "other bytes")) from error
    found, stamps = manifests.read(text)
    library = TARGETS[found.target].library
    files: dict[str, bytes] = {}
    for choices in (*((name,) for name in sources), weights, (library,)):
        if not stamps.keys() & set(choices):
            wanted = " or ".join(choices)
            raise FormatError(must("manifest.json", f"a list that holds {wanted}", sorted(stamps)))
    for name in stamps:
        if name == library and not (path / name).exists():
            continue
        data = _read(path / name, stamps[name].size_bytes)
        if _stamp(data) != stamps[name]:
            raise FormatError(
                must(
                    f"{path / name}",
                    f"the {stamps[name].size_bytes} bytes that the manifest describes",
                    f"{len(data)} bytes that differ",
                    "Compile the program anew.",
                )
            )
        files[name] = data
    return found, files


def _stamp(data: bytes) -> Stamp:
    return Stamp(len(data), hashlib.sha256(data).hexdigest())


def _read(path: Path, most_bytes: int) -> bytes:
    """A whole file, or one byte more than it may have: enough to see that it is too long."""
    if path.exists() and not path.is_file():
        raise FormatError(f"{path} cannot be read: it is no file. Compile the program anew.")
    try:
        with path.open("rb") as file:
            return file.read(max(0, most_bytes) + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FormatError(f"{path} cannot be read: {reason}. Compile the program anew.") from error


def check_replaceable(path: Path, own: Iterable[str]) -> None:
    """See that a folder may be replaced by files of these names.

    Raises:
        OutputError: it is a file, or holds what is not of a program.
    """
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError(must(f"program folder {path}", "a folder", "a file", "Name another one."))
    found = {entry.name for entry in path.iterdir()}
    if found and MANIFEST not in found:
        raise OutputError(
            must(
                f"program folder {path}",
                "new, empty, or one that holds a program",
                f"one with {_some(found)}",
                "Name another one.",
            )
        )
    own = {*own, MANIFEST, *_listed(path / MANIFEST)}
    # what the C compiler leaves when the example is built in the folder
    foreign = {name for name in found - own if name != "a.out" and not name.endswith(".o")}
    if foreign:
        raise OutputError(
            must(
                f"program folder {path}",
                "replaceable as a whole",
                f"{_some(foreign)} beside the program",
                "Move that elsewhere, or name another folder.",
            )
        )


def _listed(path: Path) -> set[str]:
    """The files that a manifest lists, if there is one that can be read."""
    try:
        return set(manifests.read(_read(path, _MOST_MANIFEST_BYTES).decode("utf-8"))[1])
    except (FormatError, UnicodeDecodeError):
        return set()


def _some(names: set[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def _swap(fresh: Path, path: Path, old: Path) -> None:
    """Put `fresh` in the place of `path`; what was there is `old`, or back again if that fails."""
    replaced = path.exists()
    if replaced:
        path.rename(old)
    try:
        fresh.rename(path)
    except BaseException:
        if replaced:
            old.rename(path)
        raise
    if os.name == "posix":
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
