"""Sparse products against numpy, in both forms of a batch, of every awkward size."""

import numpy as np
import pytest

from tenth.errors import InputError
from tenth.kernels.training import linear
from tenth.kernels.training.linear import Batch
from tenth.kernels.training.patterns import kept_places, pattern, transposed

SIZES = [(1, 1, 1), (3, 5, 7), (8, 8, 8), (17, 33, 65), (40, 600, 130), (300, 9, 64), (5, 257, 31)]
FORMS = ["rows", "columns"]


def laid(matrix, form):
    """The matrix [pixel, feature] as a form lays it."""
    return np.array(matrix, np.float32, order="C" if form == "rows" else "F")


def batch(matrix):
    pixel, feature = (step // 4 for step in matrix.strides)
    return Batch(matrix.ctypes.data, pixel, feature)


def patterned(mask):
    places = kept_places(mask)
    return pattern(places, mask.shape), transposed(places, mask.shape)


def drawn(rows, columns, pixels, density, seed=0):
    random = np.random.default_rng(seed)
    mask = random.random((rows, columns)) < density
    weight = np.where(mask, random.standard_normal((rows, columns)), 0).astype(np.float32)
    x = random.standard_normal((pixels, columns)).astype(np.float32)
    dy = random.standard_normal((pixels, rows)).astype(np.float32)
    return mask, weight, x, dy


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("density", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_products_are_those_of_numpy(size, density, form, threads):
    rows, columns, pixels = size
    mask, weight, x, dy = drawn(rows, columns, pixels, density)
    m, t = patterned(mask)
    kept = kept_places(mask)
    values = np.ascontiguousarray(weight.ravel()[kept])
    bias = np.arange(rows, dtype=np.float32)
    x, dy = laid(x, form), laid(dy, form)
    y = laid(np.full((pixels, rows), np.nan), form)
    dx = laid(np.full((pixels, columns), np.nan), form)
    gradients = np.full((threads, m.count + 4), np.nan, np.float32)

    linear.forward(
        m, values.ctypes.data, bias.ctypes.data, batch(x), batch(y), pixels=pixels, threads=threads
    )
    linear.backward(
        m,
        t,
        values.ctypes.data,
        x=batch(x),
        dy=batch(dy),
        dx=batch(dx),
        gradients=gradients.ctypes.data,
        pixels=pixels,
        threads=threads,
    )

    exact = weight.astype(np.float64)
    np.testing.assert_allclose(y, x @ exact.T + bias, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(dx, dy @ exact, rtol=1e-4, atol=1e-4)
    whole = dy.astype(np.float64).T @ x
    np.testing.assert_allclose(gradients[0, : m.count], whole.ravel()[kept], rtol=1e-4, atol=1e-4)


def test_what_is_not_wanted_is_not_touched():
    mask, weight, x, dy = drawn(20, 30, 70, 0.3)
    m, t = patterned(mask)
    values = np.ascontiguousarray(weight.ravel()[kept_places(mask)])
    dx = np.zeros_like(x)
    gradients = np.zeros(m.count + 4, np.float32)
    given = {"x": batch(x), "dy": batch(dy), "pixels": 70}
    address = gradients.ctypes.data
    linear.backward(m, None, values.ctypes.data, dx=None, gradients=address, **given)
    linear.backward(m, t, values.ctypes.data, dx=batch(dx), gradients=None, **given)
    expected = (dy.T @ x).ravel()[kept_places(mask)]
    np.testing.assert_allclose(gradients[: m.count], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(dx, dy @ weight, rtol=1e-4, atol=1e-4)


def test_the_order_of_values_holds_each_kept_place_once():
    mask = drawn(30, 700, 1, 0.2)[0]
    assert np.array_equal(np.sort(kept_places(mask)), np.flatnonzero(mask))


def test_a_mask_is_a_matrix():
    with pytest.raises(InputError, match="a matrix"):
        kept_places(np.ones(3, bool))
