"""Reading tensors of a variant without restoring its files."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
from blake3 import blake3

from tenth.errors import DamagedError, InputError, MissingError, must
from tenth.keep.dtypes import DTYPES
from tenth.keep.manifest import File, Manifest, Segment
from tenth.keep.streams import Meter, Progress, Workers, threads_of
from tenth.keep.terms import names_of
from tenth.keep.values import Values

_SAME: Mapping[str, Any] = {
    "BOOL": np.bool_,
    "I8": np.int8,
    "U8": np.uint8,
    "I16": np.int16,
    "U16": np.uint16,
    "F16": np.float16,
    "I32": np.int32,
    "U32": np.uint32,
    "F32": np.float32,
    "C64": np.complex64,
    "I64": np.int64,
    "U64": np.uint64,
    "F64": np.float64,
}


class Tensor:
    """One stored tensor. Nothing is read before it is indexed or made an array.

    `tensor[10:20]` reads only the chunks in which those rows lie. The values are numpy's own type
    where there is one. Elsewhere they are raw words: BF16 as uint16, types of 8 bits as uint8; and
    types of 4 or 6 bits as the uint8 bytes they are packed in, of one axis.

    Attributes:
        name: in its file.
        dtype: as safetensors names it, such as "BF16".
    """

    def __init__(self, values: Values, segment: Segment, file: str) -> None:
        self.name = segment.name or ""
        self.file = file
        self.dtype = segment.dtype
        self.id = segment.id
        self.size_bytes = segment.size
        self._shape = segment.shape
        self._values = values

    @property
    def shape(self) -> tuple[int, ...]:
        """Its axes."""
        return self._shape

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("a tensor without axes has no length")
        return self._shape[0]

    def __repr__(self) -> str:
        return f"Tensor({self.name!r}, {self.dtype}, {list(self.shape)})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.read()
        return array if dtype is None else array.astype(dtype, copy=False)

    def read(self, threads: int | None = 1) -> np.ndarray:
        """The whole tensor, compared with its id.

        Raises:
            DamagedError: what is stored is not what was put.
        """
        out = bytearray(self.size_bytes)
        with Workers(threads_of(threads)) as workers:
            digest, at = blake3(), 0
            steps = self._values.chunks(self.id)
            for data in workers.in_order(lambda step: self._values.chunk(*step), steps):
                out[at : at + len(data)] = data
                digest.update(data)
                at += len(data)
        if digest.hexdigest() != self.id:
            raise DamagedError(f"tensor {self.name} of {self.file} is not what was put.")
        return self._array(out, self._shape)

    def __getitem__(self, key: Any) -> np.ndarray:
        """Rows by number, slice or `...`, then whatever numpy makes of the other axes."""
        first, rest = (key[0], key[1:]) if isinstance(key, tuple) and key else (key, ())
        if not self._shape or not isinstance(first, int | np.integer | slice) or self._packed:
            return self.read()[key]
        rows = self._shape[0]
        if isinstance(first, slice):
            start, stop, step = first.indices(rows)
            if step < 1 or stop < start:
                low, high, then = _backwards(start, stop, step)
            else:
                low, high, then = start, stop, slice(None, None, step)
            block = self._rows(low, high)[then]
            return block[(slice(None), *rest)] if rest else block
        at = int(first) + (rows if first < 0 else 0)
        if not 0 <= at < rows:
            raise IndexError(f"row {first} of {self.name}, which has {rows}")
        block = self._rows(at, at + 1)[0]
        return block[rest] if rest else block

    @property
    def _packed(self) -> bool:
        return DTYPES[self.dtype].bits < 8

    def _rows(self, low: int, high: int) -> np.ndarray:
        size = self.size_bytes // self._shape[0] if self._shape[0] else 0
        data = bytearray(self._values.read(self.id, low * size, (high - low) * size))
        return self._array(data, (high - low, *self._shape[1:]))

    def _array(self, data: bytearray, shape: tuple[int, ...]) -> np.ndarray:
        row = DTYPES[self.dtype]
        if row.bits < 8:
            return np.frombuffer(data, np.uint8)
        kind = np.dtype(_SAME.get(self.dtype, np.uint16 if row.bits == 16 else np.uint8))
        return np.frombuffer(data, kind.newbyteorder("<")).reshape(shape)


def _backwards(start: int, stop: int, step: int) -> tuple[int, int, slice]:
    """The rows of a slice that may go backwards: lowest, one above the highest, and their order."""
    numbers = range(start, stop, step)
    if not numbers:
        return 0, 0, slice(None)
    low, high = min(numbers), max(numbers)
    return low, high + 1, slice(None, None, step)


class Variant(Mapping[str, Tensor]):
    """The tensors of a variant by name, read when they are used.

    A name that stands in several files is there as `file:name`, once for each.

    Attributes:
        name: of the variant.
        files: names and sizes of its files.
    """

    def __init__(self, name: str, manifest: Manifest, values: Values) -> None:
        self.name = name
        self.files = {file.name: file.size for file in manifest.files}
        self._manifest = manifest
        self._values = values
        found: dict[str, list[tuple[File, Segment]]] = {}
        for file, segment in manifest.tensors():
            found.setdefault(segment.name or "", []).append((file, segment))
        self._tensors = {
            name if len(places) == 1 else f"{file.name}:{name}": Tensor(values, segment, file.name)
            for name, places in found.items()
            for file, segment in places
        }

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        return f"Variant({self.name!r}, {len(self)} tensors, {sum(self.files.values()):,} bytes)"

    def arrays(
        self,
        names: Iterable[str] | None = None,
        *,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Names and arrays (see `Tensor`), one after the other, each compared with its id.

        Args:
            names: which; None: all.
            threads: None: one a processor.
            progress: told of every tensor.

        Raises:
            MissingError: there is no tensor of a name.
            InputError: the names are no list of texts.
            DamagedError: what is stored is not what was put.

        Cost: memory of two tensors a thread, beside what the caller keeps.
        """
        wanted = list(self) if names is None else names_of(names) or []
        for name in wanted:
            if name not in self._tensors:
                near = get_close_matches(name, self._tensors, n=3)
                told = f"Did you mean {' or '.join(near)}?" if near else ""
                raise MissingError(must("tensor", f"one of {self.name}", repr(name), told))
        sizes = [self._tensors[name].size_bytes for name in wanted]
        meter = Meter(progress, f"read {self.name}", sum(sizes))
        with Workers(threads_of(threads)) as workers:
            for name, array in workers.in_order(
                lambda name: (name, self._tensors[name].read()), wanted
            ):
                meter.add(array.nbytes)
                yield name, array

    def state_dict(
        self, *, threads: int | None = None, progress: Progress | None = None
    ) -> dict[str, np.ndarray]:
        """All tensors as arrays (see `Tensor`), each compared with its id.

        Raises:
            DamagedError: what is stored is not what was put.
        """
        return dict(self.arrays(threads=threads, progress=progress))

    def file(self, name: str) -> bytes:
        """A file of the variant, such as config.json.

        Raises:
            MissingError: it has no such file.
            InputError: it is larger than 64 MiB: restore it with `Store.get`.
        """
        for file in self._manifest.files:
            if file.name == name:
                if file.size > 64 << 20:
                    raise InputError(must(name, "at most 64 MiB to be read whole", file.size))
                return b"".join(
                    self._values.read(segment.id, 0, segment.size) for segment in file.segments
                )
        raise MissingError(must("file", f"one that {self.name} has", repr(name)))
