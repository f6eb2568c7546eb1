"""From what a user types to a place that holds a store, or may hold a new one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tenth.errors import DamagedError, InputError, MissingError, OutputError, StoreError, must
from tenth.keep.places.bucket import BucketPlace, open_bucket
from tenth.keep.places.folder import FolderPlace
from tenth.keep.places.place import Place

MARKER = "tenth-keep.json"
VERSION = 1

_FORM = "tenth keep"
_BUCKETS = ("s3", "gs", "az", "memory")


def open_place(where: str | Path, *, make: bool = False) -> Place:
    """The store in a folder, or at s3://, gs://, az:// or memory://; with `make`, a new one.

    `memory://name` lives as long as the process. Buckets need obstore, and find their keys and
    endpoints where their own tools do (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ...).

    Raises:
        InputError: there is no such kind of place.
        MissingError: there is no store, and none is to be made.
        OutputError: a store cannot be made there, as other things are there.
        StoreError: its format is newer than this version of tenth reads.
        DamagedError: its marker is not what tenth writes.
    """
    place = _place(where, make)
    found = _marked(place)
    if not found and not make:
        raise MissingError(
            f"{place.url} holds no store: {MARKER} is not there. Name a folder or bucket that "
            "does, or make a new store there."
        )
    if not found:
        _make(place)
    return place


def _place(where: str | Path, make: bool) -> Place:
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", str(where))
    if isinstance(where, Path) or scheme is None:
        return _folder(Path(where), make)
    name = scheme[1].lower()
    if name == "file":
        return _folder(Path(unquote(urlsplit(str(where)).path)), make)
    if name not in _BUCKETS:
        known = ", ".join(f"{bucket}://" for bucket in ("file", *_BUCKETS))
        raise InputError(must("place of a store", f"a folder or one of {known}", repr(where)))
    return open_bucket(str(where))


def _folder(path: Path, make: bool) -> Place:
    path = path.expanduser()
    if path.exists() and not path.is_dir():
        raise MissingError(must(f"store {path}", "a folder", "a file", "Name another one."))
    if make:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{path} cannot be made: {error.strerror}.") from error
    elif not path.exists():
        raise MissingError(f"{path} holds no store: there is no such folder.")
    return FolderPlace(path)


def _marked(place: Place) -> bool:
    """Whether the marker of a store is there, and one that this version reads."""
    size = place.size(MARKER)
    if size is None:
        return False
    data = place.read(MARKER, 0, min(size, 4096))
    if data == _marker(VERSION) and size == len(data):
        return True
    try:
        form: Any = json.loads(data)
    except (ValueError, RecursionError):
        form = None
    version = form.get("version") if isinstance(form, dict) and form.get("form") == _FORM else None
    if type(version) is int and version > VERSION:
        raise StoreError(
            f"{place.url} has format {version}, and this tenth reads formats up to {VERSION}. "
            "Install a newer tenth."
        )
    raise DamagedError(f"{MARKER} in {place.url} is damaged, or is not of a store of tenth.")


def _marker(version: int) -> bytes:
    return f'{{"form":"{_FORM}","version":{version}}}\n'.encode()


def _make(place: Place) -> None:
    """Write the marker into a place that holds nothing else."""
    other = next(_others(place), None)
    if other is None:
        if isinstance(place, BucketPlace):
            place.check_conditional()
        place.create(MARKER, _marker(VERSION))
    elif not _marked(place):  # unless somebody made the store just now
        raise OutputError(
            f"{place.url} holds other things, such as {other}, and no store. "
            "Name an empty or a new place."
        )


def _others(place: Place) -> Iterator[str]:
    if isinstance(place, FolderPlace):  # with names that are no keys
        names = (item.name for item in place.root.iterdir())
        yield from (name for name in names if name != "tmp" and not name.startswith("."))
    else:
        yield from (entry.key for entry in place.list("") if not entry.key.startswith("tmp/"))
