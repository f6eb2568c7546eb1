"""Reading a manifest without trusting it: every count capped, every size added up, every name safe.

What comes out can be followed blindly: records form no cycle, chunks fill their tensors, tensors
fill their files, and no file name leads out of a folder.
"""

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import zstandard
from blake3 import blake3

from tenth.errors import DamagedError, InputError, StoreError, must
from tenth.keep import manifest as form
from tenth.keep.dtypes import DTYPES
from tenth.keep.fields import a_count, a_dtype, a_list, a_text, a_word, an_object, short
from tenth.keep.manifest import Chunk, File, Manifest, Part, Piece, Predictor, Record, Segment

MOST_BYTES = 256 << 20
MOST_TENSORS = 500_000
MOST_FILES = 100_000
MOST_CHUNKS = 4_000_000
MOST_DEPTH = 8
MOST_RAW = 16 << 20
MOST_AXES = 64
_ID = re.compile(r"[0-9a-f]{64}")
_CHECK = re.compile(r"[0-9a-f]{32}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PART_OF_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:\ud800-\udfff]{1,255}")


def decode(data: bytes, expected_id: str | None = None) -> Manifest:
    """Read the bytes of a manifest.

    Args:
        data: as stored.
        expected_id: the id it was asked for by.

    Raises:
        DamagedError: the bytes are not those of the id, or no manifest, or a part of it is not as
            it must be.
        StoreError: it is of another version.
    """
    found = blake3(data).hexdigest()
    if expected_id is not None and found != expected_id:
        raise DamagedError(f"manifest {expected_id[:12]} is damaged: its bytes hash to another id.")
    try:
        return _manifest(_json(data), found)
    except StoreError:
        raise
    except (InputError, RecursionError) as error:
        raise DamagedError(f"manifest {found[:12]} is damaged: {error}") from error


def safe_name(name: str) -> str:
    """The name of a file that is to be restored, if it stays inside its folder.

    Raises:
        InputError: it is absolute, leads upwards, or holds signs that some system reads as a path.
    """
    parts = name.split("/")
    plain = all(_PART_OF_NAME.fullmatch(part) and part not in (".", "..") for part in parts)
    if not plain or len(name) > 4096:
        rule = "a path inside its folder"
        if any(sign in name for sign in ":\\") or not name.isprintable():
            rule += ", without ':', '\\' and signs that cannot be seen (some systems refuse them)"
        raise InputError(must("name of a file", rule, short(name), "Rename it."))
    return name


def _json(data: bytes) -> dict[str, Any]:
    try:
        size = zstandard.get_frame_parameters(data).content_size
        if not 0 < size <= MOST_BYTES:
            raise InputError(must("size of its JSON", f"1 to {MOST_BYTES:,} bytes", size))
        text = zstandard.ZstdDecompressor().decompress(
            data, max_output_size=size, allow_extra_data=False
        )
        if len(text) != size:
            raise InputError(must("its JSON", f"{size:,} bytes long", len(text)))
        whole = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
    except (zstandard.ZstdError, ValueError, MemoryError) as error:
        raise InputError(str(error) or type(error).__name__) from error
    if not isinstance(whole, dict) or whole.get("format") != form.FORMAT:
        raise InputError(must("its format", repr(form.FORMAT), short(whole)))
    if whole.get("version") != form.VERSION:
        raise StoreError(
            must(
                "version of a manifest",
                str(form.VERSION),
                short(whole.get("version")),
                "Update tenth: pip install -U tenth.",
            )
        )
    return whole


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise InputError("a key of its JSON stands there twice.")
    return made


def _refuse(word: str) -> None:
    raise InputError(must("a number", "whole", short(word)))


def _manifest(whole: Mapping[str, Any], manifest_id: str) -> Manifest:
    packs = [a_word(pack, _ID) for pack in a_list(whole.get("packs"), MOST_TENSORS)]
    codecs = [_codec(codec) for codec in a_list(whole.get("codecs"), 1000)]
    table = an_object(whole.get("tensors"))
    if len(table) > MOST_TENSORS:
        raise InputError(must("tensors", f"at most {MOST_TENSORS:,}", len(table)))
    records = {
        a_word(tensor_id, _ID): _record(row, packs, codecs) for tensor_id, row in table.items()
    }
    if sum(len(record.chunks) for record in records.values()) > MOST_CHUNKS:
        raise InputError(must("chunks", f"at most {MOST_CHUNKS:,}", "more"))
    _bases(records)
    files = tuple(_file(row, records) for row in a_list(whole.get("files"), MOST_FILES))
    _names(files)
    base = whole.get("base")
    if base is not None:
        name, of = a_list(base, 2, least=2)
        base = (a_text(name), a_word(of, _ID))
    lossy = None
    if "lossy" in whole:
        method, error = a_list(whole["lossy"], 2, least=2)
        lossy = (a_word(method, _WORD), a_count(error))
    return Manifest(files, records, base, a_text(whole.get("made_by")), lossy, manifest_id)


def _bases(records: Mapping[str, Record]) -> None:
    """Every base is there and long enough, and no chain is deep, let alone a ring."""
    level = {tensor_id: 0 for tensor_id, record in records.items() if not record.bases}
    for depth in range(1, MOST_DEPTH + 1):
        level |= {
            tensor_id: depth
            for tensor_id, record in records.items()
            if tensor_id not in level and all(base in level for base in record.bases)
        }
        if len(level) == len(records):
            break
    for tensor_id, record in records.items():
        if tensor_id not in level:
            raise InputError(
                f"tensor {tensor_id[:12]} has a base that is not in the manifest, or more than "
                f"{MOST_DEPTH} bases behind each other."
            )
        for part in record.parts:
            if part.base is not None and part.base_start + _needed(part, record) > (
                records[part.base].size
            ):
                raise InputError(f"tensor {tensor_id[:12]} needs more of its base than there is.")


def _needed(part: Part, record: Record) -> int:
    """Bytes of the base that a part is a difference from."""
    if part.predictor is None:
        return part.size
    elements, rest = divmod(part.size * 8, DTYPES[record.dtype].bits)
    if rest:
        raise InputError(must("a part with a predictor", "of whole elements", part.size))
    return -(-elements * DTYPES[part.predictor.source].bits // 8)


def _record(row: Any, packs: list[str], codecs: list[tuple[str, int]]) -> Record:
    row = an_object(row)
    dtype, size = a_dtype(row.get("dtype")), a_count(row.get("size"))
    chunks = tuple(_chunk(one, packs, codecs) for one in a_list(row.get("chunks"), MOST_CHUNKS))
    parts = (Part(size),)
    if "parts" in row:
        parts = tuple(_part(one, packs) for one in a_list(row["parts"], MOST_CHUNKS, least=1))
    if sum(part.size for part in parts) != size or sum(chunk.raw for chunk in chunks) != size:
        raise InputError(must("sizes of parts and of chunks", "those of their tensor", size))
    _borders(parts, chunks)
    sketch = None
    if "sketch" in row:
        *piece, start, length = a_list(row["sketch"], 6, least=6)
        sketch = form.Sketch(_piece(piece, packs), a_count(start), a_count(length, MOST_RAW))
    return Record(dtype, size, parts, chunks, sketch)


def _borders(parts: tuple[Part, ...], chunks: tuple[Chunk, ...]) -> None:
    borders, at = {0}, 0
    for chunk in chunks:
        at += chunk.raw
        borders.add(at)
    at = 0
    for part in parts:
        at += part.size
        if at not in borders:
            raise InputError(must("chunks", "inside one part", "one that crosses a border"))


def _part(row: Any, packs: list[str]) -> Part:
    row = a_list(row, 4, least=1)
    size = a_count(row[0])
    if len(row) == 1:
        return Part(size)
    if len(row) == 2:
        raise InputError(must("a part with a base", "of 3 or 4 members", 2))
    predictor = None
    if len(row) == 4:
        name, version, source, *piece = a_list(row[3], 7, least=3)
        predictor = Predictor(
            a_word(name, _WORD),
            a_count(version),
            a_dtype(source),
            _piece(piece, packs) if piece else None,
        )
    return Part(size, a_word(row[1], _ID), a_count(row[2]), predictor)


def _chunk(row: Any, packs: list[str], codecs: list[tuple[str, int]]) -> Chunk:
    codec, raw, *piece = a_list(row, 6, least=2)
    raw = a_count(raw, MOST_RAW)
    if raw == 0:
        raise InputError(must("size of a chunk", "1 or more", 0))
    stored = _piece(piece, packs) if piece else None
    if stored is not None and stored.size > raw + raw // 8 + 65536:
        raise InputError(must("stored size of a chunk", "not far above its own", stored.size))
    name, version = codecs[a_count(codec, len(codecs) - 1)]
    return Chunk(name, version, raw, stored)


def _piece(row: list[Any], packs: list[str]) -> Piece:
    pack, start, size, check = a_list(row, 4, least=4)
    return Piece(
        packs[a_count(pack, len(packs) - 1)],
        a_count(start),
        a_count(size, MOST_BYTES),
        a_word(check, _CHECK),
    )


def _codec(row: Any) -> tuple[str, int]:
    name, version = a_list(row, 2, least=2)
    return a_word(name, _WORD), a_count(version)


def _file(row: Any, records: Mapping[str, Record]) -> File:
    row = an_object(row)
    segments = tuple(_segment(one, records) for one in a_list(row.get("segments"), MOST_CHUNKS))
    size = a_count(row.get("size"))
    if sum(segment.size for segment in segments) != size:
        raise InputError(must("segments of a file", f"{size:,} bytes together", "others"))
    return File(safe_name(a_text(row.get("name"))), size, a_word(row.get("sha256"), _ID), segments)


def _segment(row: Any, records: Mapping[str, Record]) -> Segment:
    row = a_list(row, 5, least=2)
    tensor_id, size = a_word(row[0], _ID), a_count(row[1])
    if tensor_id not in records or records[tensor_id].size != size:
        raise InputError(must("a segment", "a tensor of the manifest, whole", tensor_id[:12]))
    if len(row) == 2:
        return Segment(tensor_id, size)
    name, dtype, shape = a_list(row[2:], 3, least=3)
    shape = tuple(a_count(axis) for axis in a_list(shape, MOST_AXES))
    bits = DTYPES[a_dtype(dtype)].bits
    for axis in shape:
        bits *= axis
    if bits != size * 8:
        raise InputError(must("shape of a tensor", f"one of {size:,} bytes", short(shape)))
    return Segment(tensor_id, size, a_text(name), dtype, shape)


def _names(files: tuple[File, ...]) -> None:
    names = {file.name for file in files}
    folders = {str(up) for name in names for up in PurePosixPath(name).parents}
    if len(names) != len(files) or names & folders:
        raise InputError(must("names of files", "different, none of them a folder", "others"))
