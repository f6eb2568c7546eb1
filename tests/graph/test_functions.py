"""Corners of single functions; that all agree with torch is the contract's matter."""

import math

import numpy as np

from tenth.graph import functions as f


def test_padding_never_wins_a_maximum():
    x = np.full((1, 1, 3), -5.0)
    y = f.max_pool(x, kernel=(3,), stride=(1,), padding=(1,), dilation=(1,), ceil=False)
    np.testing.assert_array_equal(y, [[[-5, -5, -5]]])


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


def test_averages_beside_and_with_padding():
    x = np.array([[[2.0, 4.0]]])
    window = {"kernel": (2,), "stride": (2,), "padding": (1,), "ceil": False}
    np.testing.assert_array_equal(f.avg_pool(x, **window, count_padding=True), [[[1, 2]]])
    np.testing.assert_array_equal(f.avg_pool(x, **window, count_padding=False), [[[2, 4]]])


def test_adaptive_windows_overlap_where_they_must():
    x = np.arange(5.0).reshape(1, 1, 5)
    np.testing.assert_array_equal(f.adaptive_avg_pool(x, size=(3,)), [[[0.5, 2, 3.5]]])
    np.testing.assert_array_equal(f.adaptive_max_pool(x, size=(3,)), [[[1, 3, 4]]])


def test_circular_padding_goes_round():
    x = np.arange(3.0)
    np.testing.assert_array_equal(
        f.pad(x, before=(1,), after=(2,), mode="circular"), [2, 0, 1, 2, 0, 1]
    )
