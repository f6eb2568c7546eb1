"""Every codec over every element type: what comes back is what went in, whatever the bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.errors import FormatError, InputError
from tenth.keep.codecs import CODECS, decode, encode
from tenth.keep.codecs.chunk import Chunk
from tenth.keep.dtypes import CHUNK_ELEMENTS, DTYPES
from tenth.keep.native.words import words_of

from .chunks import moved, odd, words

SIZES = (0, 1, 3, 4097)


def written(name, values, base, dtype, tier="fast"):
    """The payload of one codec, or None where it does not apply."""
    codec = CODECS[name]
    chunk = Chunk(values, base, DTYPES[dtype], tier)
    body = codec.encode(chunk)
    return None if body is None else b"" if name == "copy" else bytes((codec.version,)) + body


def back(name, payload, base, dtype, like):
    out = np.full_like(like, 0x5A)
    decode(name, payload, dtype, None if base is None else base.data, out.data)
    return out


def pairs(dtype, size):
    """(base, variant) of many kinds."""
    base = words(dtype, size)
    pruned = np.where(np.arange(size) % 3 == 0, base, base.dtype.type(0))
    top = base.dtype.type(1 << (8 * base.itemsize - 1))
    yield base, base.copy()
    yield base, moved(base, 0.01)
    yield base, moved(base, 0.9, 100)
    yield base, words(dtype, size, 7)
    yield base, odd(dtype, size)
    yield odd(dtype, size), base
    yield base, pruned
    yield base, np.where(pruned == 0, base & top, base)
    yield base, np.zeros_like(base)
    yield None, base
    yield None, odd(dtype, size)
    yield None, pruned


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CODECS)
def test_every_codec_gives_back_what_it_took(name, dtype):
    applied = 0
    for size in SIZES:
        for base, values in pairs(dtype, size):
            if base is None and CODECS[name].needs_base:
                continue
            payload = written(name, values, base, dtype, "archive")
            if payload is not None:
                applied += 1
                assert np.array_equal(back(name, payload, base, dtype, values), values)
    kind = DTYPES[dtype]
    assert applied or (name == "ctx" and (kind.exponent is None or kind.word == 8))


@pytest.mark.parametrize("dtype", ["BF16", "F32", "U16", "F8_E4M3"])
def test_rows_that_move_little_cost_little_beside_rows_that_move_much(dtype):
    base = words(dtype, 200 * 384)
    much = np.repeat(np.random.default_rng(5).random(200) < 0.3, 384)
    values = np.where(much, moved(base, 1.0, 60), moved(base, 0.5, 1))
    mixed = written("sub", values, base, dtype)
    split = written("ctx", values, base, dtype)
    assert split[4] == 4  # sets of frequencies
    assert len(split) < 0.9 * len(mixed)
    assert np.array_equal(back("ctx", split, base, dtype, values), values)


def test_a_sample_may_mislead_but_never_breaks():
    base = words("BF16", 300_000)
    piece = np.zeros(base.size, bool)
    for start in np.linspace(0, base.size - 4096, 16).astype(int):
        piece[start : start + 4096] = True
    noise = words("U16", base.size, 8)
    for values in (np.where(piece, base, noise), np.where(piece, noise, base)):
        encoded = encode(values.tobytes(), base.tobytes(), "BF16")
        assert len(encoded.payload) <= values.nbytes + 1
        assert np.array_equal(back(encoded.codec, encoded.payload, base, "BF16", values), values)


@pytest.mark.parametrize("tier", ["fast", "archive"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_chosen_comes_back_and_is_hardly_larger_than_the_chunk(dtype, tier):
    for size in SIZES:
        for base, values in pairs(dtype, size):
            under = None if base is None else base.tobytes()
            encoded = encode(values.tobytes(), under, dtype, tier)
            assert len(encoded.payload) <= values.nbytes + 1
            got = back(encoded.codec, encoded.payload, base, dtype, values)
            assert np.array_equal(got, values)


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_whole_chunks_and_their_neighbours(beyond):
    base = words("BF16", CHUNK_ELEMENTS + beyond)
    for values in (moved(base, 0.7, 50), moved(base, 0.01)):
        encoded = encode(values.data, base.data, "BF16")
        assert len(encoded.payload) < values.nbytes / 2
        assert np.array_equal(back(encoded.codec, encoded.payload, base, "BF16", values), values)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_of_any_type_come_back(data):
    dtype = data.draw(st.sampled_from(sorted(DTYPES)))
    size = data.draw(st.integers(0, 70)) * DTYPES[dtype].word
    values = data.draw(st.binary(min_size=size, max_size=size))
    base = data.draw(st.none() | st.binary(min_size=size, max_size=size))
    tier = data.draw(st.sampled_from(["fast", "archive"]))
    encoded = encode(values, base, dtype, tier)
    out = bytearray(size)
    decode(encoded.codec, encoded.payload, dtype, base, memoryview(out))
    assert out == values


def test_words_that_are_not_aligned_are_read_and_written_in_place():
    base = words("F32", 5000)
    values = moved(base, 0.3)
    shifted = bytearray(1 + values.nbytes)
    shifted[1:] = values.tobytes()
    under = b"\0" + base.tobytes()
    encoded = encode(memoryview(shifted)[1:], memoryview(under)[1:], "F32")
    out = bytearray(1 + values.nbytes)
    decode(encoded.codec, encoded.payload, "F32", memoryview(under)[1:], memoryview(out)[1:])
    assert out[1:] == values.tobytes()
    assert out[0] == 0


class TestTheChoice:
    base = words("BF16", 50_000)

    def chosen(self, values, base=None):
        under = None if base is None else base.tobytes()
        return encode(values.tobytes(), under, "BF16").codec

    def test_equal_chunks_are_copies(self):
        assert self.chosen(self.base, self.base) == "copy"

    def test_few_changes_are_sparse(self):
        base = words("BF16", 300_000)
        assert self.chosen(moved(base, 0.01), base) == "sparse"

    def test_small_changes_everywhere_are_differences(self):
        assert self.chosen(moved(self.base, 1.0, 20), self.base) == "sub"

    def test_an_unrelated_base_is_left_alone(self):
        assert self.chosen(words("BF16", 50_000, 9), self.base) == "raw"

    def test_noise_is_stored(self):
        noise = words("U16", 50_000)
        assert encode(noise.tobytes(), None, "U16").codec == "store"

    def test_pruned_chunks_are_masks(self):
        keep = np.random.default_rng(0).random(50_000) < 0.2
        values = np.where(keep, moved(self.base, 1.0, 20), np.uint16(0))
        assert self.chosen(values, self.base) == "mask"


def test_zeros_of_any_sign_cost_a_bit_each():
    base = words("BF16", 80_000)
    size = base & 0x7FFF
    signs = words("U16", base.size, 3) & np.uint16(0x8000)
    values = np.where(size > np.quantile(size, 0.9), base, signs)
    encoded = encode(values.tobytes(), base.tobytes(), "BF16")
    assert encoded.codec == "mask"
    assert len(encoded.payload) < base.size * 0.9 / 8 + 200


def test_pruning_by_magnitude_costs_no_map():
    base = words("BF16", 60_000)
    size = base & 0x7FFF
    keep = size > np.quantile(size, 0.9)
    plain = np.where(keep, base, np.uint16(0))
    signed = np.where(keep, base, base & np.uint16(0x8000))
    for values in (plain, signed):
        encoded = encode(values.tobytes(), base.tobytes(), "BF16")
        assert encoded.codec == "mask"
        assert len(encoded.payload) < 200


class TestRefusals:
    base = words("BF16", 100)

    def test_a_base_of_another_size(self):
        with pytest.raises(InputError, match="base must be 200 bytes"):
            encode(self.base.tobytes(), b"\0\0", "BF16")

    def test_a_missing_base(self):
        with pytest.raises(InputError, match="needs its base"):
            decode("copy", b"", "BF16", None, memoryview(bytearray(4)))

    def test_memory_that_cannot_be_written_or_is_the_base(self):
        payload = encode(self.base.tobytes(), None, "BF16")
        with pytest.raises(InputError, match="out must be writeable"):
            decode(payload.codec, payload.payload, "BF16", None, memoryview(bytes(200)))
        both = memoryview(bytearray(200))
        with pytest.raises(InputError, match="other memory than the base"):
            decode("copy", b"", "BF16", both, both)

    def test_bytes_that_are_no_whole_words(self):
        with pytest.raises(InputError, match="whole words of 2 bytes"):
            encode(b"\0\0\0", None, "BF16")

    def test_strides(self):
        with pytest.raises(InputError, match="contiguous"):
            encode(memoryview(bytes(8))[::2], None, "U8")

    def test_another_codec_or_version(self):
        out = memoryview(bytearray(2))
        with pytest.raises(FormatError, match="codec must be one of copy"):
            decode("zip", b"", "BF16", None, out)
        with pytest.raises(FormatError, match="version of codec store must be 1"):
            decode("store", b"\x02\0\0", "BF16", None, out)

    def test_a_copy_with_a_payload(self):
        with pytest.raises(FormatError, match="left over"):
            decode("copy", b"\x01", "U8", b"\0", memoryview(bytearray(1)))


def test_a_view_of_words_is_the_bytes():
    assert words_of(b"\x01\x02", 2).tolist() == [0x0201]
