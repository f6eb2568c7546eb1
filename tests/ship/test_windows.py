"""Means of windows of every width: vectors, what is left over, whole planes."""

import numpy as np
import pytest

from tenth.graph import Dim, Graph, Node, Value
from tenth.ship import compile

H, W = Dim.symbol("h"), Dim.symbol("w")


def program(op, **attributes):
    graph = Graph((Value("x", (2, 3, H, W)),), (Node("y", op, ("x",), attributes),), ("y",), {})
    return compile(graph, (np.zeros((2, 3, 70, 70), np.float32),))


def values(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(height * width)
    return rng.standard_normal((2, 3, height, width), np.float32) + np.float32(3)


@pytest.mark.parametrize("op", ["adaptive_avg_pool", "adaptive_max_pool"])
def test_one_window_is_the_whole_plane(op):
    whole = program(op, size=(1, 1))
    for height, width in ((1, 1), (1, 15), (7, 7), (9, 16), (31, 67), (112, 112)):
        x = values(height, width)
        fold = np.mean if op == "adaptive_avg_pool" else np.max
        expected = fold(x.astype(np.float64), axis=(2, 3), keepdims=True)
        np.testing.assert_allclose(whole(x), expected, rtol=1e-6)


@pytest.mark.parametrize("side", [3, 16, 33, 64])
def test_a_window_is_a_part_of_each_row(side):
    mean = program(
        "avg_pool",
        kernel=(side, side),
        stride=(1, 2),
        padding=(0, 0),
        ceil=False,
        count_padding=True,
    )
    x = values(67, 71)
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (side, side), (2, 3))
    np.testing.assert_allclose(mean(x), windows[:, :, :, ::2].mean((-1, -2)), rtol=1e-6)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [2, 3, 5])
def test_the_largest_of_any_window_is_that_of_numpy(kernel, stride):
    pad = kernel // 2
    largest = program(
        "max_pool",
        kernel=(kernel, kernel),
        stride=(stride, stride),
        padding=(pad, pad),
        dilation=(1, 1),
        ceil=False,
    )
    for height, width in ((kernel, kernel), (9, 15), (17, 16), (33, 50), (112, 112)):
        x = values(height, width)
        x[0, 1, height // 2, width // 2] = np.nan
        x[1, 2, 0, -1] = -np.inf
        padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], constant_values=-np.inf)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (2, 3))
        expected = windows[:, :, ::stride, ::stride].max((-1, -2))
        np.testing.assert_array_equal(largest(x), expected)
