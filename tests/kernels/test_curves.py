"""The curves in C against float64: how far off, at the edges, and wherever an element stands."""

import ctypes
import math
import re

import numpy as np
import pytest
from scipy import special

from tenth.kernels import compile_library, sources

FLAGS = ("-std=c11", "-O2", "-ffp-contract=fast", "-fPIC", "-shared", "-Wno-psabi")
EXACT = {
    "exp": np.exp,
    "tanh": np.tanh,
    "sigmoid": special.expit,
    "erf": special.erf,
    "gelu": lambda x: x * special.ndtr(x),
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x * special.expit(x),
}


@pytest.fixture(scope="module", params=["here", "4", "8", "16"])
def curve(request, tmp_path_factory):
    """Each curve as a function of arrays; built for this processor, and for other widths."""
    text = sources.source(["each_lane", "softmax", *(f"{name}_lanes" for name in EXACT)])
    if request.param != "here":
        text = re.sub(r"#if defined\(__AVX512F__.*?#endif", f"#define LANES {request.param}", text,
                      count=1, flags=re.DOTALL)  # fmt: skip
    own = "".join(
        f"void many_{name}(const float *x, float *y, int64_t count)\n"
        f"{{ each_lane(x, y, count, {name}_lanes); }}\n"
        for name in EXACT
    )
    own += (
        "void many_softmax(const float *x, float *y, int64_t outer, int64_t length, int64_t inner)"
        "\n{ softmax(x, y, outer, length, inner); }\n"
    )
    folder = tmp_path_factory.mktemp("curves")
    path = folder / "curves.c"
    includes = "#include <math.h>\n#include <stdint.h>\n#include <string.h>\n"
    path.write_text(f"{includes}{text}\n{own}", encoding="utf-8")
    compile_library([path], folder / "curves.so", FLAGS)
    library = ctypes.CDLL(str(folder / "curves.so"))

    def call(name, x, *sizes, out=None):
        x = np.ascontiguousarray(x, np.float32)
        y = np.empty_like(x) if out is None else out
        pointers = (ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data))
        library[f"many_{name}"](*pointers, *map(ctypes.c_int64, sizes or (x.size,)))
        return y

    return call


def everywhere(low, high, count=400_001):
    """Many numbers of a stretch, and of every magnitude in it."""
    small = np.geomspace(1e-37, high, count // 4)
    return np.concatenate([np.linspace(low, high, count), small, -small[small < -low]])


def test_exp_is_right_to_two_units_in_the_last_place(curve):
    x = everywhere(-87.3, 88.72).astype(np.float32)
    exact = np.exp(x.astype(np.float64))
    assert np.max(np.abs(curve("exp", x) / exact - 1)) <= 2e-7


def test_exp_below_the_normal_numbers_is_right_to_a_unit(curve):
    x = np.linspace(-104, -87.3, 20_001).astype(np.float32)
    assert np.max(np.abs(curve("exp", x) - np.exp(x.astype(np.float64)))) <= 1.5e-45


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_relative_error(curve, name):
    x = everywhere(-30, 30).astype(np.float32)
    exact = EXACT[name](x.astype(np.float64))
    assert np.max(np.abs(curve(name, x) / exact - 1)) <= 4e-7


@pytest.mark.parametrize(("name", "most"), [("tanh", 2e-7), ("sigmoid", 2e-7), ("erf", 2e-7)])
def test_absolute_error(curve, name, most):
    x = everywhere(-20, 20).astype(np.float32)
    exact = EXACT[name](x.astype(np.float64))
    assert np.max(np.abs(curve(name, x) - exact)) <= most


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "silu"])
def test_error_of_products(curve, name):
    x = everywhere(-30, 30).astype(np.float32)
    exact = EXACT[name](x.astype(np.float64))
    assert np.max(np.abs(curve(name, x) - exact) / np.maximum(1, np.abs(x))) <= 3e-7


@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_odd_curves_are_odd_and_never_beyond_one(curve, name):
    x = everywhere(0, 12).astype(np.float32)
    y = curve(name, x)
    np.testing.assert_array_equal(curve(name, -x), -y)
    assert np.max(np.abs(y)) == 1


@pytest.mark.parametrize(
    ("name", "below", "above"),
    [("exp", 0, math.inf), ("tanh", -1, 1), ("sigmoid", 0, 1), ("erf", -1, 1)],
)
def test_ends(curve, name, below, above):
    y = curve(name, [-math.inf, -1e30, 1e30, math.inf, math.nan])
    np.testing.assert_array_equal(y, [below, below, above, above, math.nan])


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "silu"])
def test_ends_of_products(curve, name):
    np.testing.assert_array_equal(curve(name, [-1e4, 0, 1e4, math.nan]), [0, 0, 1e4, math.nan])


@pytest.mark.parametrize("name", EXACT)
def test_a_result_does_not_depend_on_where_the_element_stands(curve, name):
    x = np.random.default_rng(0).normal(0, 3, 67).astype(np.float32)
    whole = curve(name, x)
    for first in range(20):
        for count in (0, 1, 3, 17, 40):
            part = curve(name, x[first : first + count])
            np.testing.assert_array_equal(part, whole[first : first + count])


def test_nothing_is_written_behind_the_end_and_the_place_may_be_the_same(curve):
    x = np.full(40, 0.5, np.float32)
    curve("exp", x, 37, out=x)
    assert (x[:37] > 1).all()
    assert (x[37:] == 0.5).all()


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (2, 5, 1), (3, 64, 1), (1, 100, 1), (2, 4, 3), (2, 7, 16), (1, 3, 37)]
)
def test_softmax(curve, shape):
    x = np.random.default_rng(1).normal(0, 20, shape).astype(np.float32)
    exact = special.softmax(x.astype(np.float64), axis=1)
    y = curve("softmax", x, *shape)
    assert np.max(np.abs(y - exact)) <= 4e-7
    assert np.max(np.abs(y.sum(1) - 1)) <= 1e-6


def test_softmax_of_what_is_masked_and_of_what_is_no_number(curve):
    row = np.array([-math.inf, 1, 1, -math.inf], np.float32)
    half = [0, 0.5, 0.5, 0]
    for shape in ((1, 4, 1), (1, 4, 3)):
        y = curve("softmax", np.broadcast_to(row[None, :, None], shape), *shape)
        np.testing.assert_array_equal(y, np.broadcast_to(np.array(half)[None, :, None], shape))
        y = curve("softmax", np.full(shape, -math.inf, np.float32), *shape)
        assert np.isnan(y).all()
    y = curve("softmax", np.array([[[1], [math.nan], [2]]], np.float32), 1, 3, 1)
    assert np.isnan(y).all()
