"""The manifest: all that is needed, beside packs, to restore the files of a variant.

It is whole in itself: it holds the record of every tensor of its files, and of every tensor that
those are stored as differences from. Its form is canonical JSON in one zstd frame, and its id the
BLAKE3 of those bytes (docs/formats.md).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import zstandard
from blake3 import blake3

FORMAT = "tenth-keep"
VERSION = 1
CHECK_BYTES = 16


class Piece(NamedTuple):
    """Bytes in a pack; `check` is the first half of their BLAKE3, in hex."""

    pack: str
    start: int
    size: int
    check: str


class Chunk(NamedTuple):
    """One coded run of a tensor: `raw` bytes, from `piece`; None where the codec needs no bytes."""

    codec: str
    version: int
    raw: int
    piece: Piece | None


class Predictor(NamedTuple):
    """How a base becomes what chunks are differences from.

    `source` is the dtype the bytes of the base are read as.
    """

    name: str
    version: int
    source: str
    piece: Piece | None


class Part(NamedTuple):
    """`size` bytes of a tensor, as difference from `base` at `base_start`; None: from nothing."""

    size: int
    base: str | None = None
    base_start: int = 0
    predictor: Predictor | None = None


class Sketch(NamedTuple):
    """The sketch of a tensor: `size` bytes at `start` of what `piece` holds as a zstd frame."""

    piece: Piece
    start: int
    size: int


class Record(NamedTuple):
    """How the bytes of one tensor are stored; no chunk crosses the border of two parts."""

    dtype: str
    size: int
    parts: tuple[Part, ...]
    chunks: tuple[Chunk, ...]
    sketch: Sketch | None = None

    @property
    def bases(self) -> set[str]:
        """Ids of the tensors it is a difference from."""
        return {part.base for part in self.parts if part.base is not None}

    @property
    def stored_bytes(self) -> int:
        """What its chunks and the parameters of its predictors take in packs."""
        return sum(piece.size for piece in self.pieces())

    def pieces(self) -> Iterator[Piece]:
        """What it needs of packs, its sketch aside."""
        for chunk in self.chunks:
            if chunk.piece is not None:
                yield chunk.piece
        for part in self.parts:
            if part.predictor is not None and part.predictor.piece is not None:
                yield part.predictor.piece


class Segment(NamedTuple):
    """A run of a file that is the bytes of a tensor; `name` is None for bytes without a name."""

    id: str
    size: int
    name: str | None = None
    dtype: str = "U8"
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class File:
    """A file: its segments cover it, in order."""

    name: str
    size: int
    sha256: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Manifest:
    """Files, and the record of every tensor they need.

    Attributes:
        base: the name that most tensors were stored as differences from, and the id of its
            manifest then; it says where the variant comes from and is not needed to restore it.
        made_by: the program that wrote it.
        lossy: where the files are not what was given, but near it: the method, and the measured
            relative error of the weights in parts of a thousand million.
    """

    files: tuple[File, ...]
    records: Mapping[str, Record]
    base: tuple[str, str] | None = None
    made_by: str = ""
    lossy: tuple[str, int] | None = None
    id: str = field(default="", compare=False)

    @property
    def full_bytes(self) -> int:
        """What the files take in full."""
        return sum(file.size for file in self.files)

    def tensors(self) -> Iterator[tuple[File, Segment]]:
        """The named tensors, file by file, in the order of their bytes."""
        for file in self.files:
            for segment in file.segments:
                if segment.name is not None:
                    yield file, segment

    def own(self) -> set[str]:
        """Ids of the tensors that its files consist of; the others are bases of these."""
        return {segment.id for file in self.files for segment in file.segments}

    def pieces(self) -> Iterator[Piece]:
        """All that it needs of packs; what several records need, several times."""
        for record in self.records.values():
            yield from record.pieces()
            if record.sketch is not None:
                yield record.sketch.piece

    def packs(self) -> set[str]:
        """Ids of the packs that it needs."""
        return {piece.pack for piece in self.pieces()}


def check_of(data: bytes | memoryview) -> str:
    """The check of stored bytes."""
    return blake3(data).hexdigest(length=CHECK_BYTES)


def closure(wanted: Iterable[str], records: Mapping[str, Record]) -> dict[str, Record]:
    """The records of `wanted`, and of all that they are differences from."""
    found: dict[str, Record] = {}
    left = list(wanted)
    while left:
        tensor_id = left.pop()
        if tensor_id not in found:
            found[tensor_id] = records[tensor_id]
            left.extend(found[tensor_id].bases)
    return found


def encode(manifest: Manifest) -> tuple[str, bytes]:
    """Its id and its bytes: equal manifests have equal bytes."""
    form = _form(manifest)
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    data = zstandard.ZstdCompressor(level=9, write_content_size=True).compress(text.encode())
    return blake3(data).hexdigest(), data


def _form(manifest: Manifest) -> dict[str, Any]:
    packs = {pack: at for at, pack in enumerate(sorted(manifest.packs()))}
    used = {(c.codec, c.version) for r in manifest.records.values() for c in r.chunks}
    codecs = {codec: at for at, codec in enumerate(sorted(used))}
    form: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": manifest.made_by,
        "base": None if manifest.base is None else list(manifest.base),
        "packs": list(packs),
        "codecs": [list(codec) for codec in codecs],
        "tensors": {
            tensor_id: _record(record, packs, codecs)
            for tensor_id, record in manifest.records.items()
        },
        "files": [
            {
                "name": file.name,
                "size": file.size,
                "sha256": file.sha256,
                "segments": [_segment(segment) for segment in file.segments],
            }
            for file in manifest.files
        ],
    }
    if manifest.lossy is not None:
        form["lossy"] = list(manifest.lossy)
    return form


def _segment(segment: Segment) -> list[Any]:
    if segment.name is None:
        return [segment.id, segment.size]
    return [segment.id, segment.size, segment.name, segment.dtype, list(segment.shape)]


def _piece(piece: Piece, packs: Mapping[str, int]) -> list[Any]:
    return [packs[piece.pack], piece.start, piece.size, piece.check]


def _record(
    record: Record, packs: Mapping[str, int], codecs: Mapping[tuple[str, int], int]
) -> dict[str, Any]:
    form: dict[str, Any] = {
        "dtype": record.dtype,
        "size": record.size,
        "chunks": [
            [codecs[chunk.codec, chunk.version], chunk.raw]
            + ([] if chunk.piece is None else _piece(chunk.piece, packs))
            for chunk in record.chunks
        ],
    }
    if any(part.base is not None for part in record.parts):
        form["parts"] = [_part(part, packs) for part in record.parts]
    if record.sketch is not None:
        form["sketch"] = [*_piece(record.sketch.piece, packs), *record.sketch[1:]]
    return form


def _part(part: Part, packs: Mapping[str, int]) -> list[Any]:
    if part.base is None:
        return [part.size]
    form: list[Any] = [part.size, part.base, part.base_start]
    if part.predictor is not None:
        name, version, source, piece = part.predictor
        form.append([name, version, source, *([] if piece is None else _piece(piece, packs))])
    return form
