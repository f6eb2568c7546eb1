"""Corners of windows and of changes of resolution; that all agree with torch is the contract's."""

import numpy as np

from tenth.graph import windows as f


def test_padding_never_wins_a_maximum():
    x = np.full((1, 1, 3), -5.0)
    y = f.max_pool(x, kernel=(3,), stride=(1,), padding=(1,), dilation=(1,), ceil=False)
    np.testing.assert_array_equal(y, [[[-5, -5, -5]]])


def test_averages_beside_and_with_padding():
    x = np.array([[[2.0, 4.0]]])
    window = {"kernel": (2,), "stride": (2,), "padding": (1,), "ceil": False}
    np.testing.assert_array_equal(f.avg_pool(x, **window, count_padding=True), [[[1, 2]]])
    np.testing.assert_array_equal(f.avg_pool(x, **window, count_padding=False), [[[2, 4]]])


def test_adaptive_windows_overlap_where_they_must():
    x = np.arange(5.0).reshape(1, 1, 5)
    np.testing.assert_array_equal(f.adaptive_avg_pool(x, size=(3,)), [[[0.5, 2, 3.5]]])
    np.testing.assert_array_equal(f.adaptive_max_pool(x, size=(3,)), [[[1, 3, 4]]])


def test_a_block_takes_its_places_from_neighbouring_channels():
    x = np.arange(8.0).reshape(1, 8, 1, 1)
    y = f.depth_to_space(x, block=(2, 2))
    np.testing.assert_array_equal(y[0], [[[0, 1], [2, 3]], [[4, 5], [6, 7]]])


def test_pixels_between_two_with_and_without_fixed_corners():
    x = np.array([[[0.0, 6.0]]])
    wide = {"up": (2,), "down": (1,), "mode": "linear"}
    np.testing.assert_array_equal(f.resize(x, **wide, corners=False), [[[0, 1.5, 4.5, 6]]])
    np.testing.assert_array_equal(f.resize(x, **wide, corners=True), [[[0, 2, 4, 6]]])
    near = f.resize(x, up=(3,), down=(2,), mode="nearest", corners=False)
    np.testing.assert_array_equal(near, [[[0, 0, 6]]])
