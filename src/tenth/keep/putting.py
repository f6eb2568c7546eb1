"""Storing files: what the store has already is pointed to, what is like something is a difference.

Every byte is read twice: once to hash it, once to write what the store does not have.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tenth.errors import InputError, must
from tenth.keep import refs, sources
from tenth.keep.assembling import Assembly, PutOptions, PutResult
from tenth.keep.basing import Fresh, Group, Variant
from tenth.keep.leases import Lease
from tenth.keep.manifest import File, Segment
from tenth.keep.scan import Scanned, scan
from tenth.keep.shelf import UNFINISHED, Shelf
from tenth.keep.storing import Read
from tenth.keep.streams import Workers, threads_of
from tenth.keep.strict import safe_name


def put(shelf: Shelf, name: str, path: Path, options: PutOptions) -> PutResult:
    """Store a folder or a file under a name.

    Raises:
        InputError: the files cannot be read, change meanwhile, or the name is not allowed.
        MissingError: the base that was named is not in the store.
        OutputError: the place is full or cannot be written; the name is as it was.
    """
    checked = refs.checked_name(name)
    if checked.startswith(UNFINISHED):
        raise InputError(must("name of a variant", f"outside {UNFINISHED}", repr(name)))
    if options.base not in (None, "auto"):
        shelf.ref(options.base)
    source = sources.read(path)
    for file in source.files:
        safe_name(file.name)
    with Workers(threads_of(options.threads)) as workers, Lease(shelf.place) as lease:
        scanned = scan(source.files, workers, options.progress)
        files = tuple(_file(one) for one in scanned)
        assembly = Assembly(shelf, name, options, workers, lease)
        result = assembly.run(
            files,
            shelf.index(),
            lambda held: Variant(
                _groups(scanned, held),
                [segment for file in files for segment in file.segments],
                {tensor_id: sketch for one in scanned for tensor_id, sketch in one.sketches()},
                source.hints,
            ),
        )
    notes = [*source.warnings, *result.warnings]
    if options.tier == "archive" and result.held_bytes == result.full_bytes:
        notes.append(
            "every byte was in the store already, and stays as it is stored: "
            f"`tenth keep rebase {name} --base auto --archive` writes it anew."
        )
    return replace(result, warnings=tuple(notes))


def _file(one: Scanned) -> File:
    segments = tuple(
        Segment(tensor_id, run.size)
        if run.tensor is None
        else Segment(tensor_id, run.size, run.tensor.name, run.tensor.dtype, run.tensor.shape)
        for tensor_id, run in one.runs()
    )
    return File(one.file.name, one.file.size_bytes, one.sha256, segments)


def _groups(scanned: list[Scanned], held: set[str]) -> list[Group]:
    """What is not held, once each, file by file."""
    seen = set(held)
    groups: list[Group] = []
    for one in scanned:
        fresh: list[Fresh] = []
        for tensor_id, run in one.runs():
            if tensor_id not in seen:
                seen.add(tensor_id)
                name, dtype, shape = run.tensor or ("", "U8", (run.size,))
                place = (one.file.name, run.start)
                fresh.append(Fresh(tensor_id, run.size, name, dtype, shape, *place))
        if fresh:
            groups.append(Group(fresh, lambda one=one: _reading(one)))
    return groups


@contextmanager
def _reading(one: Scanned) -> Iterator[Callable[[Fresh], Read]]:
    with one.file.reading() as opened:

        def reader(fresh: Fresh) -> Read:
            def read(start: int, size: int) -> bytearray:
                data = bytearray(size)
                opened.read_into(fresh.at + start, memoryview(data))
                return data

            return read

        yield reader
