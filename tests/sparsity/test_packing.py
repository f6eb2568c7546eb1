import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tenth.errors import FormatError, InputError
from tenth.sparsity.packing import Stored, is_smaller, pack, unpack


def stored(array):
    return Stored("F32", array.shape, array.astype("<f4").tobytes())


def test_four_numbers_by_hand():
    array = stored(np.array([[0.0, -0.0], [1.5, 0.0]], np.float32))
    small, entry = pack("w", array, "float32")
    assert entry == {"shape": [2, 2], "dtype": "F32", "kept": 2}
    assert small == {
        "w:values": Stored("F32", (2,), bytes.fromhex("00000080 0000c03f")),
        "w:mask": Stored("U8", (1,), b"\x06"),  # bits 1 and 2, the lowest first
    }
    assert unpack("w", entry, small) == array
    assert small == {}


SIDES = npst.array_shapes(min_dims=2, max_dims=4, max_side=9)
BITS = st.one_of(st.just(0), st.integers(0, 2**32 - 1))


@given(npst.arrays("<u4", SIDES, elements=BITS, fill=st.just(0)))
def test_every_bit_comes_back(bits):
    array = stored(bits.view("<f4"))
    small, entry = pack("w", array, "float32")
    assert unpack("w", entry, small) == array


@given(npst.arrays("<f4", SIDES, elements=st.floats(-60000, 60000, width=32)))
def test_float16_values_are_rounded_to_the_nearest(array):
    small, entry = pack("w", stored(array), "float16")
    back = np.frombuffer(unpack("w", entry, small).data, "<f4").reshape(array.shape)
    assert np.array_equal(back, array.astype(np.float16).astype(np.float32))


def test_values_too_large_for_float16_are_named_and_infinities_are_not():
    large = np.array([[0.0, 65520.0]], np.float32)
    with pytest.raises(InputError, match=r"tensor 'w' must be within ±65504.*Got 65520"):
        pack("w", stored(large), "float16")
    endless = np.array([[np.inf, -np.inf, np.nan, 65504.0]], np.float32)
    small, entry = pack("w", stored(endless), "float16")
    back = np.frombuffer(unpack("w", entry, small).data, "<f4")
    assert np.array_equal(back, endless[0], equal_nan=True)


@pytest.mark.parametrize(
    ("array", "smaller"),
    [
        (np.zeros((40, 40), np.float32), True),
        (np.ones((40, 40), np.float32), False),
        (np.zeros(1600, np.float32), False),  # a vector
        (np.zeros((4, 4), np.float32), False),  # the header would cost more
        (np.zeros((0, 40), np.float32), False),
        (np.full((40, 40), -0.0, np.float32), False),
    ],
)
def test_only_what_gets_smaller_is_packed(array, smaller):
    assert is_smaller(stored(array), "float32") == smaller


def test_halves_pay_even_for_a_full_weight_and_other_types_never():
    assert is_smaller(stored(np.ones((40, 40), np.float32)), "float16")
    assert not is_smaller(Stored("F16", (40, 40), bytes(3200)), "float16")
    assert not is_smaller(Stored("I32", (40, 40), bytes(6400)), "float32")


GOOD = {"shape": [2, 5], "dtype": "F32", "kept": 3}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"entry": None}, "an object"),
        ({"entry": {**GOOD, "shape": [10]}}, "shape of 'w'"),
        ({"entry": {**GOOD, "shape": [2, 0]}}, "shape of 'w'"),
        ({"entry": {**GOOD, "shape": [-2, -5]}}, "shape of 'w'"),
        ({"entry": {**GOOD, "shape": [2.0, 5]}}, "shape of 'w'"),
        ({"entry": {**GOOD, "shape": [True, 10]}}, "shape of 'w'"),
        ({"entry": {**GOOD, "shape": [1] * 40}}, "shape of 'w'"),
        ({"entry": {**GOOD, "shape": "25"}}, "shape of 'w'"),
        ({"entry": {**GOOD, "shape": [10**15, 10**15]}}, "mask' must be U8 of shape"),
        ({"entry": {**GOOD, "shape": [2, 4]}}, "mask' must be U8 of shape"),
        ({"entry": {**GOOD, "shape": [2, 9]}}, "mask' must be U8 of shape"),
        ({"entry": {**GOOD, "kept": 4}}, r"values' must be F32 or F16 of shape \[4\]"),
        ({"entry": {**GOOD, "kept": -3}}, "count of kept"),
        ({"entry": {**GOOD, "kept": None}}, "count of kept"),
        ({"entry": {**GOOD, "dtype": "F64"}}, "F32"),
        ({"entry": {"shape": [2, 5], "kept": 3}}, "F32"),
        ({"w:values": None}, "values' must be .* Got none"),
        ({"w:mask": None}, "mask' must be .* Got none"),
        ({"w:mask": Stored("I8", (2,), b"\x07\x00")}, "Got I8"),
        ({"w:values": Stored("F64", (3,), bytes(24))}, "Got F64"),
        ({"w:values": Stored("F32", (3, 1), bytes(12))}, r"Got F32 of shape \[3, 1\]"),
        ({"w:mask": Stored("U8", (2,), b"\x03\x00")}, "3 bits set. Got 2"),
        ({"w:mask": Stored("U8", (2,), b"\x0f\x00")}, "3 bits set. Got 4"),
        ({"w:mask": Stored("U8", (2,), b"\x03\x04")}, "0 beyond the last weight"),
    ],
)
def test_hostile_entries_are_refused(change, said):
    arrays = {
        "w:values": Stored("F32", (3,), np.ones(3, "<f4").tobytes()),
        "w:mask": Stored("U8", (2,), b"\x07\x00"),
    }
    assert unpack("w", GOOD, dict(arrays)).shape == (2, 5)
    entry = change.pop("entry", GOOD)
    changed = {k: v for k, v in {**arrays, **change}.items() if v is not None}
    with pytest.raises(FormatError, match=said):
        unpack("w", entry, changed)
