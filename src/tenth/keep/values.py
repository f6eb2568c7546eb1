"""The bytes of stored tensors: any range of any of them, decoded chunk by chunk."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from tenth.errors import DamagedError, FormatError, InputError, StoreError, must
from tenth.keep.codecs import CODECS, decode
from tenth.keep.dtypes import DTYPES
from tenth.keep.manifest import Chunk, Part, Piece, Predictor, Record, check_of
from tenth.keep.packs import Reader, Span
from tenth.keep.predict import PREDICTORS, cast, lowrank

ALONE = frozenset({"store", "raw"})
"""Codecs that never use a base."""

AGAIN = (
    "Another store that holds it can bring it back: `tenth keep verify --stored --repair PLACE`."
)


class LostPiece(DamagedError):
    """Stored bytes are not those that were stored; `pack` is the one that `piece` is in."""

    def __init__(self, piece: Piece) -> None:
        super().__init__(f"pack {piece.pack[:12]} is damaged near byte {piece.start:,}. {AGAIN}")
        self.piece, self.pack = piece, piece.pack


class _Layout(NamedTuple):
    """Where chunks and parts of a record begin, in bytes."""

    chunks: list[int]
    parts: list[int]


class Values:
    """Reads tensors by their records; safe from many threads.

    Every payload is checked against its hash before it is decoded. What comes out is right if the
    record is; whoever reads a whole tensor compares its id, or the sha256 of its file.
    """

    def __init__(self, packs: Reader, records: Mapping[str, Record]) -> None:
        self.records = records
        self._packs = packs
        self._layouts: dict[str, _Layout] = {}
        self._fitted: dict[Piece, bytes] = {}

    def chunks(self, tensor_id: str) -> Iterator[tuple[str, int]]:
        """The chunks of a tensor, as arguments of `chunk`."""
        for at in range(len(self.records[tensor_id].chunks)):
            yield tensor_id, at

    def chunk(self, tensor_id: str, at: int) -> memoryview:
        """The bytes of one chunk.

        Raises:
            MissingError: a pack is not there.
            DamagedError: stored bytes are not those that were stored.
            StoreError: the codec is not known to this version.
        """
        record = self.records[tensor_id]
        chunk = record.chunks[at]
        _known(chunk)
        payload = b"" if chunk.piece is None else self.piece(chunk.piece)
        start = self._layout(tensor_id).chunks[at]
        under = None if chunk.codec in ALONE else self._under(tensor_id, start, chunk.raw)
        out = np.empty(chunk.raw, np.uint8).data  # all of it is written, or it is an error
        try:
            decode(chunk.codec, payload, record.dtype, under, out)
        except (FormatError, InputError) as error:
            raise DamagedError(f"tensor {tensor_id[:12]} cannot be decoded: {error}") from error
        return out

    def read(self, tensor_id: str, start: int, size: int) -> memoryview:
        """Bytes [start, start + size) of a tensor; decodes only the chunks they lie in."""
        if start < 0 or size < 0 or start + size > self.records[tensor_id].size:
            raise InputError(must("a range", "inside its tensor", f"{size} bytes at {start}"))
        if size == 0:
            return memoryview(b"")
        starts = self._layout(tensor_id).chunks
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, start + size - 1) - 1
        if first == last:
            skip = start - starts[first]
            return self.chunk(tensor_id, first)[skip : skip + size]
        out = memoryview(bytearray(size))
        for at in range(first, last + 1):
            piece = self.chunk(tensor_id, at)
            low, high = max(start, starts[at]), min(start + size, starts[at] + len(piece))
            out[low - start : high - start] = piece[low - starts[at] : high - starts[at]]
        return out

    def piece(self, piece: Piece) -> bytes | memoryview:
        """Stored bytes, checked against their hash.

        Raises:
            MissingError: the pack is not there.
            LostPiece: they are others.
        """
        data = self._packs.read(Span(piece.pack, piece.start, piece.size))
        if check_of(data) != piece.check:
            raise LostPiece(piece)
        return data

    def under(
        self, part: Part, dtype: str, offset: int, size: int, parameters: bytes | None = None
    ) -> memoryview | bytes | None:
        """What `size` bytes from `offset` on of a part are a difference from; None: of nothing.

        Args:
            part: of a tensor.
            dtype: of that tensor.
            offset: from the start of the part.
            size: whole elements.
            parameters: of the predictor, where they are not stored yet.

        Raises:
            StoreError: the predictor is not known to this version.
            DamagedError: its parameters do not fit the part.
        """
        if part.base is None:
            return None
        if part.predictor is None:
            return self.read(part.base, part.base_start + offset, size)
        known = PREDICTORS.get(part.predictor.name)
        if known is None or known.version != part.predictor.version:
            raise _too_new(f"predictor {part.predictor.name} {part.predictor.version}")
        width, base_width = (DTYPES[name].bits // 8 for name in (dtype, part.predictor.source))
        start, count = offset // width, size // width
        base = self.read(part.base, part.base_start + start * base_width, count * base_width)
        try:
            if not known.fitted:
                return cast(base, part.predictor.source, dtype)
            stored = self._parameters(part.predictor) if parameters is None else parameters
            factors = lowrank.unpack(stored)
            shape = factors.left.shape[1], factors.right.shape[1]
            return lowrank.predict(stored, base, shape, dtype, start, count)
        except (FormatError, InputError) as error:
            raise DamagedError(f"tensor {part.base[:12]} predicts nothing: {error}") from error

    def _parameters(self, predictor: Predictor) -> bytes:
        if predictor.piece is None:
            raise DamagedError(f"predictor {predictor.name} has no parameters.")
        found = self._fitted.get(predictor.piece)
        if found is None:
            found = bytes(self.piece(predictor.piece))
            self._fitted = {predictor.piece: found}  # of one tensor at a time
        return found

    def _under(self, tensor_id: str, start: int, size: int) -> memoryview | bytes | None:
        record, starts = self.records[tensor_id], self._layout(tensor_id).parts
        at = bisect_right(starts, start) - 1  # of several that begin here, the last has bytes
        return self.under(record.parts[at], record.dtype, start - starts[at], size)

    def _layout(self, tensor_id: str) -> _Layout:
        found = self._layouts.get(tensor_id)
        if found is None:
            record = self.records[tensor_id]
            found = _Layout(
                [0, *accumulate(chunk.raw for chunk in record.chunks)][:-1],
                [0, *accumulate(part.size for part in record.parts)][:-1],
            )
            self._layouts[tensor_id] = found
        return found


def _known(chunk: Chunk) -> None:
    codec = CODECS.get(chunk.codec)
    if codec is None or codec.version != chunk.version:
        raise _too_new(f"codec {chunk.codec} {chunk.version}")


def _too_new(what: str) -> StoreError:
    rule, remedy = "known to this version of tenth", "Update tenth: pip install -U tenth."
    return StoreError(must(what, rule, "a newer one", remedy))
