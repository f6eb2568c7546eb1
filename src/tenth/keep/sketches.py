"""The sketches of stored tensors, by which a base is found."""

import zstandard

from tenth.errors import DamagedError, MissingError, StoreError
from tenth.keep import match
from tenth.keep.dtypes import DTYPES
from tenth.keep.manifest import Piece
from tenth.keep.strict import MOST_RAW
from tenth.keep.values import Values

_SMALL_WORDS = 1 << 16


def is_small(size: int, dtype: str) -> bool:
    """Whether a tensor is sketched when it is looked at: its sketch would be a large part of it."""
    return size < _SMALL_WORDS * DTYPES[dtype].word


class Sketches:
    """Reads sketches, a frame of many at a time; those of small tensors are made of these."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._frames: dict[Piece, bytes] = {}

    def of(self, tensor_id: str, dtype: str) -> bytes:
        """The sketch of a tensor, read as words of `dtype`; empty if there is none to be had."""
        record = self._values.records[tensor_id]
        if record.sketch is None:
            return (
                self._made(tensor_id, record.size, dtype) if is_small(record.size, dtype) else b""
            )
        piece, start, size = record.sketch
        if piece not in self._frames:
            try:
                self._frames[piece] = _unpacked(bytes(self._values.piece(piece)))
            except (DamagedError, MissingError):
                self._frames[piece] = b""
        found = self._frames[piece][start : start + size]
        return found if len(found) == size else b""

    def _made(self, tensor_id: str, size: int, dtype: str) -> bytes:
        try:
            return match.sketch(self._values.read(tensor_id, 0, size), dtype)
        except StoreError:
            return b""  # verify tells of it; a put can do without


def _unpacked(frame: bytes) -> bytes:
    try:
        size = zstandard.get_frame_parameters(frame).content_size
        if not 0 < size <= MOST_RAW:
            raise DamagedError(f"a frame of sketches claims {size:,} bytes.")
        return zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedError(f"a frame of sketches is damaged: {error}.") from error
