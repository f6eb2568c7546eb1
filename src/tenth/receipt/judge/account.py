"""What one model is made of: bytes, numbers, zeros and how they stand."""

import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Self

import zstandard

from tenth.errors import FormatError, InputError, must
from tenth.figures import Figure, counted, unknown
from tenth.receipt.judge import patterns, words

_CHUNK = 1 << 20
_MOST_SAMPLED = 64 << 20
_PIECES = 64


@dataclass(frozen=True)
class Numbers:
    """One tensor of a model, as its file holds it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytes


@dataclass
class Account:
    """What stands in the files of a model.

    `values` counts the numbers in all tensors, `weights` those in tensors of two axes or more, and
    `zeros` how many of these are exactly zero. `shapes` holds each tensor's shape, `patterns` how
    many weights have zeros that stand in each way.
    """

    path: Path
    kind: str
    size_bytes: int
    digest: str
    values: int = 0
    weights: int = 0
    zeros: int = 0
    dtypes: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    patterns: dict[str, int] = field(default_factory=dict)
    zip_bytes: Figure = field(default_factory=lambda: unknown("bytes", "not tried"))
    zstd_bytes: Figure = field(default_factory=lambda: unknown("bytes", "not tried"))
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of_files(
        cls, path: Path, kind: str, files: Iterable[Path], tensors: Iterable[Numbers]
    ) -> Self:
        """Count a model.

        Args:
            path: what the user named.
            kind: what it is, such as "safetensors".
            files: all files that belong to it.
            tensors: its tensors; one at a time is in memory.

        Raises:
            InputError: a file cannot be read.
            FormatError: two tensors have one name.
        Cost: reads every file once for its hash, every tensor once, and at most 64 MiB for hints.
        """
        files = sorted(files)
        try:
            sizes = [file.stat().st_size for file in files]
            made = cls(path, kind, sum(sizes), _digest(files))
            made.zip_bytes, made.zstd_bytes = _packed(files, sizes)
        except OSError as error:
            got = f"{path}: {error.strerror}"
            raise InputError(must("model", "made of files that can be read", got)) from error
        for tensor in tensors:
            if tensor.name in made.shapes:
                raise FormatError(must(f"tensor {tensor.name!r} of {path}", "there once", "twice"))
            made.add(tensor)
        return made

    @property
    def sparsity(self) -> float:
        """Share of the weights that are zero."""
        return self.zeros / self.weights if self.weights else 0.0

    def figures(self) -> dict[str, Figure]:
        """The account as figures of a receipt."""
        figures = {"bytes on disk": counted(self.size_bytes, "bytes", "the files' lengths")}
        if not self.shapes:
            why = "no tensor could be read in it"
            names = {"numbers": "parameters", "zeros": "weights"}
            figures |= {name: unknown(unit, why) for name, unit in names.items()}
        else:
            figures["numbers"] = counted(self.values, "parameters", "numbers in all tensors")
            source = "exact zeros in tensors of two axes or more"
            figures["zeros"] = counted(self.zeros, "weights", source)
        return figures | {"bytes, zipped": self.zip_bytes, "bytes, by zstd": self.zstd_bytes}

    def add(self, tensor: Numbers) -> None:
        """Count one tensor."""
        size = math.prod(tensor.shape)
        self.shapes[tensor.name] = tensor.shape
        self.values += size
        self.dtypes[tensor.dtype] = self.dtypes.get(tensor.dtype, 0) + size
        if len(tensor.shape) < 2 or not size:
            return
        live = words.live(tensor.dtype, tensor.data)
        if live is None or live.size != size:
            self.notes.append(f"{tensor.name}: zeros of type {tensor.dtype} are not counted")
            return
        self.weights += size
        self.zeros += size - int(live.sum())
        found = patterns.name(patterns.pattern(live.reshape(tensor.shape[0], -1)))
        self.patterns[found] = self.patterns.get(found, 0) + size


def _digest(files: Iterable[Path]) -> str:
    whole = sha256()
    for file in files:
        whole.update(f"{file.stat().st_size};".encode())  # else files could be cut otherwise
        for chunk in _chunks(file):
            whole.update(chunk)
    return whole.hexdigest()


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk


def _packed(files: list[Path], sizes: list[int]) -> tuple[Figure, Figure]:
    """What zip and zstd would make of the bytes: a hint at what is stored for nothing."""
    whole = sum(sizes)
    if whole == 0:
        nothing = counted(0, "bytes", "the files are empty")
        return nothing, nothing
    read = zipped = squeezed = 0
    packer = zstandard.ZstdCompressor(level=3)
    for piece in _sample(files, sizes, whole):
        read += len(piece)
        zipped += len(zlib.compress(piece, 6))
        squeezed += len(packer.compress(piece))
    label, part = "counted", "of all bytes"
    if read < whole:
        label, part = "estimated", f"of {read / whole:.0%} of the bytes, spread over the files"

    def figure(size: int, how: str) -> Figure:
        return Figure(size * whole / read, "bytes", label=label, source=f"{how} {part}")

    return figure(zipped, "deflate, level 6,"), figure(squeezed, "zstd, level 3,")


def _sample(files: list[Path], sizes: list[int], whole: int) -> Iterator[bytes]:
    """All bytes in pieces of at most 1 MiB; of large files, pieces at even distances."""
    for file, size in zip(files, sizes, strict=True):
        if whole <= _MOST_SAMPLED:
            yield from _chunks(file)
            continue
        count = max(1, round(_PIECES * size / whole))
        with file.open("rb") as opened:
            for number in range(count):
                opened.seek(number * size // count)
                yield opened.read(_CHUNK)
