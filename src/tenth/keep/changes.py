"""What differs between two variants: files, tensors, and on request how many values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tenth.keep.dtypes import CHUNK_ELEMENTS, DTYPES
from tenth.keep.manifest import Manifest, Segment
from tenth.keep.shelf import Shelf
from tenth.keep.streams import Meter, Progress, Workers, threads_of
from tenth.keep.values import Values


class Changed(NamedTuple):
    """A tensor of both variants with other bytes.

    Attributes:
        elements: how many it has; 0 if dtype or shape changed too.
        differ: how many of them have other bits; None if they were not counted.
    """

    name: str
    before: str
    after: str
    elements: int
    differ: int | None = None


@dataclass(frozen=True)
class Changes:
    """The difference of two variants, by names of tensors and of files."""

    before: str
    after: str
    same: int
    changed: tuple[Changed, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    files_changed: tuple[str, ...]
    files_added: tuple[str, ...]
    files_removed: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {**vars(self), "changed": [changed._asdict() for changed in self.changed]}


def named(manifest: Manifest) -> dict[str, Segment]:
    """The tensors of a variant by name; a name of several files is `file:name`."""
    found: dict[str, list[tuple[str, Segment]]] = {}
    for file, segment in manifest.tensors():
        found.setdefault(segment.name or "", []).append((file.name, segment))
    return {
        name if len(places) == 1 else f"{file}:{name}": segment
        for name, places in found.items()
        for file, segment in places
    }


def diff(
    shelf: Shelf,
    before: str,
    after: str,
    *,
    values: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Changes:
    """Hold two variants against each other.

    Args:
        shelf: where both are.
        before: a name, or a version of one, such as "task-a@3".
        after: another.
        values: also count the elements whose bits differ, which decodes all changed tensors.
        threads: None: one a processor.
        progress: told of every step.

    Raises:
        MissingError: there is no such name.
    """
    old, new = shelf.manifest(before), shelf.manifest(after)
    was, now = named(old), named(new)
    pairs = {name: (was[name], now[name]) for name in was if name in now}
    changed = {name: pair for name, pair in pairs.items() if pair[0][0] != pair[1][0]}
    counts: dict[str, int] = {}
    if values:
        readers = shelf.values(old), shelf.values(new)
        comparable = {name: pair for name, pair in changed.items() if alike(*pair)}
        meter = Meter(progress, "compare", sum(pair[0].size for pair in comparable.values()))
        with Workers(threads_of(threads)) as workers:
            for name, pair in comparable.items():
                counts[name] = 0
                for block in differing(pair, readers, workers):
                    counts[name] += len(block.indices)
                    meter.add(block.size_bytes)
    return Changes(
        before,
        after,
        same=len(pairs) - len(changed),
        changed=tuple(
            Changed(name, _told(pair[0]), _told(pair[1]), _elements(pair), counts.get(name))
            for name, pair in changed.items()
        ),
        added=tuple(name for name in now if name not in was),
        removed=tuple(name for name in was if name not in now),
        **_files(old, new),
    )


class Block(NamedTuple):
    """Where a run of a tensor differs: flat indices, and the new elements there, as raw words."""

    indices: np.ndarray
    elements: np.ndarray
    size_bytes: int


def alike(one: Segment, other: Segment) -> bool:
    """Whether two tensors can be compared element by element."""
    whole = DTYPES[one.dtype].bits % 8 == 0
    return whole and (one.dtype, one.shape) == (other.dtype, other.shape)


def differing(
    pair: tuple[Segment, Segment], readers: tuple[Values, Values], workers: Workers
) -> Iterator[Block]:
    """Where the second tensor differs from the first, run by run, in order."""
    width = DTYPES[pair[0].dtype].bits // 8
    step = CHUNK_ELEMENTS * width

    def compared(start: int) -> Block:
        size = min(step, pair[0].size - start)
        old, new = (
            np.frombuffer(values.read(segment.id, start, size), f"<u{width}")
            for values, segment in zip(readers, pair, strict=True)
        )
        at = np.flatnonzero(old != new)
        return Block(at + start // width, new[at], size)

    return workers.in_order(compared, range(0, pair[0].size, step))


def _elements(pair: tuple[Segment, Segment]) -> int:
    if not alike(*pair):
        return 0
    return pair[0].size * 8 // DTYPES[pair[0].dtype].bits


def _told(segment: Segment) -> str:
    return f"{segment.dtype}[{'×'.join(map(str, segment.shape))}]"


def _files(old: Manifest, new: Manifest) -> dict[str, tuple[str, ...]]:
    was = {file.name: file.sha256 for file in old.files}
    now = {file.name: file.sha256 for file in new.files}
    return {
        "files_changed": tuple(name for name in was if name in now and was[name] != now[name]),
        "files_added": tuple(name for name in now if name not in was),
        "files_removed": tuple(name for name in was if name not in now),
    }
