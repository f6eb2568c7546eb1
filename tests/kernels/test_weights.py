"""weights.bin as it is written: its header, its places, its checksum, and its forms of numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tenth.errors import InputError
from tenth.kernels.records import VALUES, Record, plain_record, rounded
from tenth.kernels.weights import HEADER, MAGIC, checksum, write_weights

FORMATS = Path(__file__).parents[2] / "docs" / "formats.md"
RECORDS = {
    "a": Record(b"\x01" * 5, 20, "unpack_this"),
    "b": Record(b"", 0, "unpack_that", (1, 2, 3)),
    "c": plain_record(np.arange(3, dtype=np.float32)),
}


def by_hand(body: bytes) -> int:
    """The checksum, word by word, in whole numbers of any length."""
    total = len(body)
    for i in range(0, len(body), 8):
        word = int.from_bytes(body[i : i + 8], "little") ^ (i + 8) * 0x9E3779B97F4A7C15 % 2**64
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
        total += word ^ word >> 31
    return total % 2**64


@given(st.binary(max_size=200).map(lambda data: data + bytes(-len(data) % 8)))
def test_the_checksum_is_what_it_is_by_hand(body):
    assert checksum(body) == by_hand(body)


def test_the_checksum_of_the_documentation_is_the_one_that_is_written():
    text = FORMATS.read_text(encoding="utf-8").split("# The weights of a program", 1)[1]
    scope: dict[str, Any] = {}
    blocks = [part.split("```")[0] for part in text.split("```python")[1:]]
    exec(next(block for block in blocks if "def checksum" in block), scope)
    body = np.random.default_rng(0).bytes(8 * 77)
    assert scope["checksum"](body) == checksum(body)


def test_the_checksum_of_many_words_is_what_it_is_by_hand():
    body = np.random.default_rng(0).bytes(8 * (2**15 + 3))
    assert checksum(body) == by_hand(body)


@given(st.integers(0, 31), st.integers(0, 31), st.integers(0, 63), st.integers(0, 63))
def test_one_or_two_flipped_bits_change_the_checksum(first, second, one, other):
    words = np.arange(32, dtype=np.uint64)
    whole = checksum(words.tobytes())
    words[first] ^= np.uint64(1 << one)
    assert checksum(words.tobytes()) != whole
    words[second] ^= np.uint64(1 << other)
    if (first, one) != (second, other):
        assert checksum(words.tobytes()) != whole


def test_words_that_change_places_change_the_checksum():
    words = np.array([1, 2, 0, 0], np.uint64)
    sums = {checksum(words[list(order)].tobytes()) for order in ((0, 1, 2, 3), (1, 0, 2, 3))}
    sums |= {checksum(words[:3].tobytes()), checksum(b"")}
    assert len(sums) == 4


def test_the_file_is_a_header_and_the_records_at_multiples_of_eight():
    file = write_weights(RECORDS, "f(x)", "float16")
    magic, version, values, fingerprint, size, count, found = HEADER.unpack(file.data[:64])
    assert (magic, version, values, size, count) == (MAGIC, 1, 1, len(file.data), 3)
    assert fingerprint == file.fingerprint
    assert found == checksum(file.data[64:])
    assert [(s.start, s.size_bytes) for s in file.sections.values()] == [(64, 5), (72, 0), (72, 12)]
    assert file.data[64:72] == b"\x01" * 5 + bytes(3)
    assert np.frombuffer(file.data, "<f4", 3, 72).tolist() == [0, 1, 2]
    assert len(file.data) == 88


def test_loaded_records_start_at_multiples_of_64_behind_a_mark():
    file = write_weights(RECORDS, "f(x)", "float32")
    assert [s.loaded_start for s in file.sections.values()] == [64, 128, 128]
    assert file.loaded_bytes == 192


def test_the_fingerprint_tells_programs_apart():
    other = {**RECORDS, "b": Record(b"", 0, "unpack_that", (1, 2, 4))}
    files = [
        write_weights(RECORDS, "f(x)", "float32"),
        write_weights(RECORDS, "g(x)", "float32"),
        write_weights(RECORDS, "f(x)", "float16"),
        write_weights(other, "f(x)", "float32"),
        write_weights({}, "f(x)", "float32"),
    ]
    assert len({file.fingerprint for file in files}) == len(files)
    changed = {**RECORDS, "c": plain_record(np.ones(3, np.float32))}
    assert write_weights(changed, "f(x)", "float32").fingerprint == files[0].fingerprint


floats = arrays.arrays(
    np.float32,
    arrays.array_shapes(max_dims=2, max_side=5),
    elements=st.floats(-60_000, 60_000, width=32),
)


@given(floats)
@example(np.array([4.634851e-05], np.float32))  # below float16's normal numbers, not bfloat16's
def test_rounded_numbers_are_the_nearest_and_are_written_exactly(array):
    for values, kept_bits, least_step in (("float16", 10, 2.0**-24), ("bfloat16", 7, 2.0**-133)):
        near = rounded(array, values)
        step = np.maximum(least_step, np.abs(array.astype(np.float64)) * 2.0**-kept_bits)
        assert (np.abs(near.astype(np.float64) - array) <= step / 2 * (1 + 1e-6)).all()
        np.testing.assert_array_equal(rounded(near, values), near)
        record = plain_record(array, values)
        assert len(record.data) == record.loaded_bytes / 2 == array.nbytes / 2
        assert bytes(plain_record(near, values).data) == bytes(record.data)


def test_of_two_that_are_as_near_the_even_one_is_taken():
    halves = np.array([0x3F80_8000, 0x3F81_8000, 0x3F80_8001], np.uint32).view(np.float32)
    bits = rounded(halves, "bfloat16").view(np.uint32)
    assert bits.tolist() == [0x3F80_0000, 0x3F82_0000, 0x3F81_0000]


def test_numbers_beyond_a_form_are_refused():
    with pytest.raises(InputError, match=r"finite in float16\. Got 70000\. Use values='float32'"):
        rounded(np.array([1, -70_000], np.float32), "float16")
    with pytest.raises(InputError, match="finite in bfloat16"):
        plain_record(np.array([3.4e38], np.float32), "bfloat16")
    with pytest.raises(InputError, match="values must be one of float32, float16, bfloat16"):
        rounded(np.zeros(1, np.float32), "int8")
    with pytest.raises(InputError, match="of float32 or int32"):
        plain_record(np.zeros(1))


def test_whole_numbers_carry_the_ends_between_which_they_lie():
    record = plain_record(np.array([[7, -3], [5, 0]], np.int32))
    assert record.numbers == (-3, 7, 0)
    assert record.unpack == "unpack_int32"
    assert plain_record(np.zeros(0, np.int32)).numbers == (0, 0, 0)
    assert VALUES[0] == "float32"
