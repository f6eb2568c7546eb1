"""Byte planes under zstd: the form in which everything that is not entropy-coded by us is stored.

A plane is a run of bytes whose length the reader knows beforehand. It is written as one byte for
its form, then

    0  the bytes themselves
    1  four bytes for the length of a zstd frame, and the frame
    2  the one byte of which the plane is made

A frame is one zstd frame (RFC 8878) that states its content's size, so that a reader can compare it
with the length it expects before it allocates anything.
"""

import threading

import numpy as np
import zstandard
from numpy.typing import NDArray

from tenth.keep.codecs.payload import Reader, damaged, number

_STORED, _FRAME, _CONSTANT = 0, 1, 2
_SAVED = 0.97  # a frame must save three per cent, or the plane is stored
# A tiny hash table finds almost no matches, so literals stay Huffman-coded; long runs collapse.
_NOISE = zstandard.ZstdCompressionParameters.from_level(
    1, strategy=zstandard.STRATEGY_FAST, hash_log=6, min_match=7, target_length=0, window_log=17
)
_LEVELS = {"noise": None, "text": 3, "small": 12}
_PEEK = 64
_coders = threading.local()


def pack(plane: NDArray[np.uint8] | bytes, effort: str = "noise") -> bytes:
    """A plane in the smallest of its forms.

    Args:
        effort: `noise` for the bytes of weights, where matches are not worth looking for; `text`
            and `small` look for them.
    """
    data = np.ascontiguousarray(np.frombuffer(plane, np.uint8))
    if data.size and not any(np.any(part != data[0]) for part in (data[:_PEEK], data[_PEEK:])):
        return bytes((_CONSTANT, int(data[0])))
    if data.size >= 16:
        frame = _coder(effort).compress(data.data)
        if len(frame) + 4 < _SAVED * data.size:
            return bytes((_FRAME,)) + number(len(frame)) + frame
    return bytes((_STORED,)) + data.tobytes()


def _coder(effort: str) -> zstandard.ZstdCompressor:
    """Made once a thread: it holds memory that only one may use at a time."""
    found = getattr(_coders, effort, None)
    if found is None:
        level = _LEVELS[effort]
        found = (
            zstandard.ZstdCompressor(compression_params=_NOISE)
            if level is None
            else zstandard.ZstdCompressor(level=level)
        )
        setattr(_coders, effort, found)
    return found


def unpack(source: Reader, length: int) -> NDArray[np.uint8]:
    """The next plane of `length` bytes; it is not writeable.

    Raises:
        FormatError: the plane is damaged, or has another length.
    """
    form = source.byte()
    if form == _CONSTANT:
        return np.full(length, source.byte(), np.uint8)
    if form == _STORED:
        return np.frombuffer(source.take(length), np.uint8)
    if form != _FRAME:
        raise damaged(f"a plane has the unknown form {form}")
    frame = source.take(source.number())
    data = _decompressed(frame, length)
    if len(data) != length:
        raise damaged(f"a frame holds {len(data)} bytes where {length} are expected")
    return np.frombuffer(data, np.uint8)


def _decompressed(frame: memoryview, length: int) -> bytes:
    try:
        stated = zstandard.frame_content_size(frame)
        if stated == length:
            return zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except (zstandard.ZstdError, ValueError) as error:
        raise damaged(f"a zstd frame cannot be read ({error})") from error
    raise damaged(f"a frame states {stated} bytes where {length} are expected")
