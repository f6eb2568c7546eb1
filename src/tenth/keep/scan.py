"""Hashing what is to be stored: a sha256 a file, a BLAKE3 a run of bytes, each byte read once."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle
from typing import NamedTuple

from blake3 import blake3

from tenth.keep.match import Sketching
from tenth.keep.sources import Segment as Run
from tenth.keep.sources import SourceFile
from tenth.keep.streams import Meter, Progress, Workers, beside

_BLOCK = 1 << 20
_AHEAD = 2


class Scanned(NamedTuple):
    """A file as it was read: its sha256, and of each run of bytes the id and the sketch.

    Bytes that are no tensor have an empty sketch.
    """

    file: SourceFile
    sha256: str
    ids: tuple[str, ...]
    sketched: tuple[bytes, ...]

    def runs(self) -> Iterator[tuple[str, Run]]:
        """The runs, with their ids."""
        return zip(self.ids, self.file.segments, strict=True)

    def sketches(self) -> Iterator[tuple[str, bytes]]:
        """The sketches of its tensors, with their ids."""
        return ((one, made) for one, made in zip(self.ids, self.sketched, strict=True) if made)


def scan(files: Iterable[SourceFile], workers: Workers, progress: Progress | None) -> list[Scanned]:
    """Hash files, several at a time.

    Raises:
        InputError: a file cannot be read, or changes while it is.
    """
    files = list(files)
    meter = Meter(progress, "read", sum(file.size_bytes for file in files))
    return list(workers.in_order(lambda file: _scanned(file, meter.add), files))


def _scanned(file: SourceFile, done: Callable[[int], None]) -> Scanned:
    whole = hashlib.sha256()
    ids: list[str] = []
    sketched: list[bytes] = []
    # two wait to be hashed, one is, one is filled: memory is taken once and not for every block
    ring = cycle([memoryview(bytearray(min(_BLOCK, file.size_bytes))) for _ in range(_AHEAD + 2)])
    with file.reading() as opened, beside(whole.update, _AHEAD) as hashing:
        for run in file.segments:
            digest = blake3()
            sketching = None if run.tensor is None else Sketching(run.size, run.tensor.dtype)
            for start in range(run.start, run.start + run.size, _BLOCK):
                size = min(_BLOCK, run.start + run.size - start)
                block = next(ring)[:size]
                opened.read_into(start, block)
                hashing(block)
                digest.update(block)
                if sketching is not None:
                    sketching.add(block)
                done(size)
            ids.append(digest.hexdigest())
            sketched.append(b"" if sketching is None else sketching.done())
    return Scanned(file, whole.hexdigest(), tuple(ids), tuple(sketched))
