"""A sparse patch: which elements of a variant differ from another, and their new values.

For who holds one version in memory and wants the next, as in reinforcement learning: for each
tensor `NAME` that changed, flat indices `NAME:indices` and new values `NAME:values`, so that
`flat[indices] = values` is all there is to do. The values are absolute, so that a patch that is
applied twice does no harm. A tensor that is new, has another shape, or changed so much that a patch
would be larger stands there whole, as `NAME`; one that was renamed is removed, and whole under its
new name.

The file is a safetensors file; `__metadata__` has `format` = `tenth-patch/1`, the names and
manifests of both variants, and `removed`, a JSON list of tensors that are no more.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tenth.errors import InputError, OutputError, must
from tenth.files import atomic_path
from tenth.keep.changes import alike, differing, named
from tenth.keep.dtypes import DTYPES
from tenth.keep.manifest import Segment
from tenth.keep.shelf import Shelf
from tenth.keep.streams import Meter, Progress, Workers, threads_of
from tenth.keep.values import Values

FORMAT = "tenth-patch/1"


@dataclass(frozen=True)
class PatchResult:
    """What was exported: tensors as patches, tensors whole, elements that changed, bytes."""

    path: Path
    patched: int
    whole: int
    changed_elements: int
    size_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {**vars(self), "path": str(self.path)}


def export(
    shelf: Shelf,
    name: str,
    against: str,
    out: Path,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PatchResult:
    """Write what turns `against` into `name` as a safetensors file.

    Raises:
        MissingError: there is no such name.
        OutputError: the file cannot be written.

    Cost: decodes the tensors that changed, of both; memory of about 50 MB a thread.
    """
    old, new = shelf.manifest(against), shelf.manifest(name)
    was, now = named(old), named(new)
    readers = shelf.values(old), shelf.values(new)
    left = {
        tensor: segment
        for tensor, segment in now.items()
        if tensor not in was or was[tensor][2:] != segment[2:] or was[tensor].id != segment.id
    }
    meter = Meter(progress, f"patch {name}", sum(segment.size for segment in left.values()))
    with (
        atomic_path(out) as temporary,
        tempfile.TemporaryFile(dir=out.parent) as body,
        Workers(threads_of(threads)) as workers,
    ):
        writing = _Writing(body, readers, workers)
        for tensor, segment in left.items():
            before = was.get(tensor)
            if before is not None and alike(before, segment):
                writing.patch(tensor, before, segment)
            else:
                writing.whole(tensor, segment)
            meter.add(segment.size)
        about = {
            "format": FORMAT,
            "variant": name,
            "variant_manifest": new.id,
            "base": against,
            "base_manifest": old.id,
            "removed": json.dumps([tensor for tensor in was if tensor not in now]),
        }
        with temporary.open("wb") as opened:
            writing.copy_to(opened, about)
        size = temporary.stat().st_size
    return PatchResult(out, writing.patched, writing.as_whole, writing.changed, size)


def check_file(out: Path, *, force: bool) -> None:
    """Look whether a patch may be written to a file.

    Raises:
        InputError: its name does not end in `.safetensors`.
        OutputError: it is there, and `force` is not given; or it is a folder.
    """
    if out.suffix != ".safetensors":
        rule, remedy = "named as a safetensors file", "Try --out patch.safetensors."
        raise InputError(must("file of the patch", rule, str(out), remedy))
    if out.is_dir():
        raise OutputError(must(str(out), "a file", "a folder", "Choose another --out."))
    if out.exists() and not force:
        raise OutputError(
            f"{out} is there already. Choose another --out, or replace it with --force."
        )


class _Writing:
    """The arrays of a patch, in a temporary file until their header can be written."""

    def __init__(self, body: IO[bytes], readers: tuple[Values, Values], workers: Workers) -> None:
        self._body = body
        self._readers = readers
        self._workers = workers
        self._entries: dict[str, dict[str, object]] = {}
        self.patched = self.as_whole = self.changed = 0

    def patch(self, name: str, before: Segment, after: Segment) -> None:
        """Indices and values of a tensor, or all of it if that is smaller."""
        start, width = self._body.tell(), DTYPES[after.dtype].bits // 8
        kind = "I32" if after.size // width < 1 << 31 else "I64"
        index = np.dtype("<i4" if kind == "I32" else "<i8")
        count = 0
        with tempfile.TemporaryFile() as values:
            for block in differing((before, after), self._readers, self._workers):
                self._body.write(block.indices.astype(index).tobytes())
                values.write(block.elements.tobytes())
                count += len(block.indices)
                if count * (index.itemsize + width) >= after.size:
                    self._body.seek(start)
                    self._body.truncate()
                    return self.whole(name, after)
            self._entry(f"{name}:indices", kind, (count,), start)
            values.seek(0)
            start = self._body.tell()
            shutil.copyfileobj(values, self._body)
        self._entry(f"{name}:values", after.dtype, (count,), start)
        self.patched += 1
        self.changed += count
        return None

    def whole(self, name: str, segment: Segment) -> None:
        """All of a tensor."""
        start, values = self._body.tell(), self._readers[1]
        steps = values.chunks(segment.id)
        for data in self._workers.in_order(lambda step: values.chunk(*step), steps):
            self._body.write(data)
        self._entry(name, segment.dtype, segment.shape, start)
        self.as_whole += 1

    def _entry(self, name: str, dtype: str, shape: tuple[int, ...], start: int) -> None:
        self._entries[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [start, self._body.tell()],
        }

    def copy_to(self, opened: IO[bytes], about: Mapping[str, str]) -> None:
        """The whole file."""
        header = json.dumps({"__metadata__": about, **self._entries}, separators=(",", ":"))
        text = header.encode()
        text += b" " * (-len(text) % 8)
        opened.write(len(text).to_bytes(8, "little") + text)
        self._body.seek(0)
        shutil.copyfileobj(self._body, opened)
