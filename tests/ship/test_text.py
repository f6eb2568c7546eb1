"""Names, sizes and numbers in C."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.errors import InputError
from tenth.graph.dims import Dim, at
from tenth.kernels import sources
from tenth.ship.emit.text import Names, check_name, float_text, product_text, size_text, wrap

NAMES = {"n": "n", "h": "height"}


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_is_written_exactly(value):
    text = float_text(value)
    assert text.endswith("f")
    read = float.fromhex(text.removesuffix("f"))
    assert struct.pack("f", read) == struct.pack("f", value)


def test_bounds_may_be_infinite():
    assert [float_text(v) for v in (np.inf, -np.inf)] == ["INFINITY", "-INFINITY"]


@st.composite
def dims(draw):
    size = Dim.symbol(draw(st.sampled_from(["n", "h"])))
    for _ in range(draw(st.integers(0, 5))):
        step = draw(st.integers(0, 3))
        number = draw(st.integers(1, 4))
        other = Dim.symbol(draw(st.sampled_from(["n", "h"])))
        size = (size + number, size * number, size * other, (size + number - 1) // number)[step]
    return size


@given(st.lists(dims() | st.integers(1, 5), max_size=3), st.integers(1, 50), st.integers(1, 50))
def test_a_size_in_c_is_the_size(sizes, n, h):
    values = {"n": n, "height": h}
    expected = 1
    for size in sizes:
        text = size_text(size, NAMES).replace("/", "//")
        assert eval(text, {}, values) == at(size, {"n": n, "h": h})
        expected *= at(size, {"n": n, "h": h})
    assert eval(product_text(sizes, NAMES).replace("/", "//"), {}, values) == expected


def test_every_name_is_new_and_none_is_taken():
    names = Names("life")
    given_names = [
        names.new(wanted)
        for wanted in ("x", "x", "int", "conv", "copy", "_x", "life_run", "EOF", "a.b", "_")
    ]
    assert given_names[:3] == ["x", "x_", "int_"]
    assert len(set(given_names)) == len(given_names)
    taken = {"int", "life_run", *sources.names()}
    assert not taken & set(given_names)
    assert all(name.isidentifier() and not name.startswith("_") for name in given_names)


@pytest.mark.parametrize("name", ["", "Life", "1a", "a-b", "int", "größe", "x" * 99, None, 3])
def test_a_program_is_named_as_c_allows(name):
    with pytest.raises(InputError, match="name of a program must be"):
        check_name(name)


def test_long_lines_are_broken_but_never_inside_a_text():
    line = "f(" + ", ".join(["argument"] * 30) + ");"
    assert all(len(part) <= 100 for part in wrap(line, 8).splitlines())
    assert wrap(line, 8).replace("\n", " ").split() == line.split()
    text = f'show("{line}");'
    assert wrap(text) == text
