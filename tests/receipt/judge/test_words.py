import numpy as np
import pytest

from tenth.receipt.judge.words import live

FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
INTEGERS = {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4",
            "U16": "<u2", "U8": "u1", "BOOL": "?"}  # fmt: skip


@pytest.mark.parametrize(("dtype", "kind"), [*FLOATS.items(), *INTEGERS.items()])
def test_zeros_are_those_that_numpy_sees(dtype, kind):
    values = np.random.default_rng(0).integers(0, 3, 100).astype(kind)
    assert live(dtype, values.tobytes()).tolist() == (values != 0).tolist()


@pytest.mark.parametrize("dtype", FLOATS)
def test_minus_zero_is_zero_and_the_rest_is_not(dtype):
    values = np.array([-0.0, 0.0, np.nan, -np.inf, np.finfo(FLOATS[dtype]).tiny], FLOATS[dtype])
    assert live(dtype, values.tobytes()).tolist() == [False, False, True, True, True]


def test_types_that_numpy_lacks():
    assert live("BF16", bytes([0, 0, 0, 128, 128, 63])).tolist() == [False, False, True]
    assert live("F8_E4M3", bytes([0, 128, 1])).tolist() == [False, False, True]
    assert live("F8_E4M3FNUZ", bytes([0, 128])).tolist() == [False, True]  # 128 is NaN there
    assert live("I8", bytes([0, 128])).tolist() == [False, True]  # -128


def test_types_of_half_a_byte_are_not_counted():
    assert live("F4", bytes(4)) is None
