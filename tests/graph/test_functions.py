"""Corners of single functions; that all agree with torch is the contract's matter."""

import math

import numpy as np

from tenth.graph import functions as f


def test_gelu_keeps_its_type_and_small_tails():
    x = np.float32([-5, 0, 5])
    y = f.gelu(x, approximate="none")
    assert y.dtype == np.float32
    wide = f.gelu(np.array([1.0]), approximate="none")
    assert wide[0] == 0.5 * (1 + math.erf(math.sqrt(0.5)))


def test_far_values_do_not_overflow():
    x = np.float32([-1000, 1000])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(f.sigmoid(x), [0, 1])
        np.testing.assert_array_equal(f.silu(x), [0, 1000])
    np.testing.assert_array_equal(f.softmax(x, axis=0), [0, 1])


def test_circular_padding_goes_round():
    x = np.arange(3.0)
    np.testing.assert_array_equal(
        f.pad(x, before=(1,), after=(2,), mode="circular"), [2, 0, 1, 2, 0, 1]
    )


def test_small_tails_of_softplus_and_far_logs():
    x = np.float32([-1000, -20, 0, 1000])
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_allclose(f.softplus(x), [0, np.exp(-20.0), np.log(2), 1000], rtol=1e-6)
        np.testing.assert_array_equal(f.log_softmax(np.float32([0, 1000]), axis=0), [-1000, 0])
