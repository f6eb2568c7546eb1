"""Hostile payloads: a FormatError or other words of the right size, never a crash or a bomb."""

import struct
import tracemalloc

import numpy as np
import pytest
import zstandard

from tenth.errors import FormatError
from tenth.keep import native
from tenth.keep.codecs import CODECS, decode
from tenth.keep.codecs.chunk import Chunk
from tenth.keep.dtypes import DTYPES

from .chunks import moved, words

SIZE = 6000


def pruned(base):
    return np.where(base & 7 == 0, base, base & base.dtype.type(1 << (8 * base.itemsize - 1)))


def payloads(dtype):
    """(codec, payload, base, words) of every codec and form."""
    base = words(dtype, SIZE)
    rows = np.where(np.arange(SIZE) // 500 % 2, moved(base, 1.0, 90), base)
    for values in (moved(base, 0.9, 300), moved(base, 0.05), pruned(base), base, rows):
        for name, codec in CODECS.items():
            body = codec.encode(Chunk(values, base, DTYPES[dtype], "archive"))
            if body is not None and name != "copy":
                yield name, bytes((codec.version,)) + body, base, values


@pytest.fixture(params=["c", "numpy"])
def way(request, monkeypatch):
    """The payloads were made with the C, and are read with it or without."""
    made = [case for dtype in ("BF16", "F32", "U8", "F64") for case in payloads(dtype)]
    if request.param == "numpy":
        monkeypatch.setattr(native, "kernel", lambda: None)
    return made


def attempt(name, payload, base):
    """The words read, or None where the damage was noticed; any other error is a failure."""
    out = np.zeros_like(base)
    dtype = {1: "U8", 2: "BF16", 4: "F32", 8: "F64"}[base.itemsize]
    try:
        decode(name, payload, dtype, base.data, out.data)
    except FormatError:
        return None
    return out


def test_undamaged_payloads_of_the_c_are_read_either_way(way):
    for name, payload, base, values in way:
        assert np.array_equal(attempt(name, payload, base), values)


def test_a_payload_cut_anywhere_is_noticed(way):
    rng = np.random.default_rng(0)
    for name, payload, base, _ in way:
        head = range(min(40, len(payload)))
        for stop in (*head, *rng.integers(0, len(payload), 8)):
            assert attempt(name, payload[:stop], base) is None, (name, stop)


def test_a_payload_with_more_after_it_is_noticed(way):
    for name, payload, base, _ in way:
        assert attempt(name, payload + b"\0", base) is None


def test_flipped_bits_give_an_error_or_words(way):
    rng = np.random.default_rng(1)
    for name, payload, base, values in way:
        for trial in range(6):
            damaged = bytearray(payload)
            for _ in range(1 + trial % 3):
                at = rng.integers(0, len(payload) if trial % 2 else min(200, len(payload)))
                damaged[at] ^= 1 << rng.integers(0, 8)
            found = attempt(name, bytes(damaged), base)
            assert found is None or found.size == values.size


def test_noise_is_an_error_or_words(way):
    rng = np.random.default_rng(2)
    for name in CODECS:
        base = words("BF16", 500)
        for _ in range(40):
            noise = bytes((1,)) + rng.bytes(int(rng.integers(0, 60)))
            attempt(name, noise, base)


def forged(frame_bytes):
    """A RAW payload of one plane whose frame is `frame_bytes`."""
    return bytes((1, 1)) + struct.pack("<I", len(frame_bytes)) + frame_bytes


@pytest.mark.parametrize("claimed", [999, 1001, 1 << 31, 1 << 40])
def test_a_frame_that_claims_another_size_is_refused_before_anything_is_allocated(claimed):
    # magic, a descriptor with an 8-byte content size and a single segment, the size, one block
    frame = b"\x28\xb5\x2f\xfd" + b"\xe0" + struct.pack("<Q", claimed) + b"\x03\x00\x00\x41"
    out = np.zeros(1000, np.uint8)
    tracemalloc.start()
    with pytest.raises(FormatError, match="states"):
        decode("raw", forged(frame), "U8", None, out.data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


def test_a_bomb_is_refused():
    bomb = zstandard.ZstdCompressor().compress(bytes(50_000_000))
    assert len(bomb) < 10_000
    with pytest.raises(FormatError, match="states 50000000 bytes where 1000"):
        decode("raw", forged(bomb), "U8", None, memoryview(bytearray(1000)))


def test_a_frame_of_unknown_size_or_with_more_after_it_is_refused():
    unsized = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1000))
    whole = zstandard.ZstdCompressor().compress(bytes(1000))
    for frame in (unsized, whole + whole, whole + b"\0", b"", b"\x50\x2a\x4d\x18\0\0\0\0"):
        with pytest.raises(FormatError, match=r"damaged"):
            decode("raw", forged(frame), "U8", None, memoryview(bytearray(1000)))


def test_memory_stays_a_small_multiple_whatever_a_payload_says(way):
    rng = np.random.default_rng(3)
    for name, payload, base, _ in way:
        limit = 60 * base.nbytes + 8_000_000  # tables of 64 classes do not grow with a chunk
        tracemalloc.start()
        for _ in range(4):
            damaged = bytearray(payload)
            damaged[rng.integers(0, min(16, len(payload)))] = rng.integers(0, 256)
            attempt(name, bytes(damaged), base)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < limit, name
