import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.errors import InputError
from tenth.graph import Dim, dims
from tenth.graph.dims import at

NAMES = ("n", "h", "w")
sizes = st.fixed_dictionaries({name: st.integers(1, 50) for name in NAMES})

# an expression as a function of any numbers, so that it runs on sizes and on integers alike
leaves = st.sampled_from(NAMES).map(lambda name: lambda s: s[name]) | st.integers(-5, 9).map(
    lambda number: lambda s: number
)


def _grown(parts):
    def joined(pair, combine):
        return lambda s: combine(pair[0](s), pair[1](s))

    pairs = st.tuples(parts, parts)
    return (
        pairs.map(lambda p: joined(p, lambda a, b: a + b))
        | pairs.map(lambda p: joined(p, lambda a, b: a - b))
        | pairs.map(lambda p: joined(p, lambda a, b: a * b))
        | st.tuples(parts, st.integers(1, 6)).map(lambda p: lambda s: p[0](s) // p[1])
    )


expressions = st.recursive(leaves, _grown, max_leaves=6)


@settings(deadline=None)
@given(expressions, sizes)
def test_an_expression_is_what_arithmetic_says(expression, values):
    symbolic = expression({name: Dim.symbol(name) for name in NAMES})
    assert at(symbolic, values) == expression(values)
    if isinstance(symbolic, Dim):
        assert symbolic.symbols() <= set(NAMES)
        assert eval(str(symbolic), {}, values) == expression(values)  # what is printed is true


def test_equal_expressions_are_equal():
    n, h, w = map(Dim.symbol, NAMES)
    assert n * h * w == w * (n * h)
    assert 2 * h + 2 * h == h * 4
    assert h - h == 0
    assert isinstance(h - h, int)
    assert (h + 2 - 3) // 2 + 1 == (h + 1) // 2
    assert (4 * h + 6) // 2 == 2 * h + 3
    assert hash(n * h) == hash(h * n)
    assert n != h


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda n, h: n, "n"),
        (lambda n, h: 3 - n, "-n + 3"),
        (lambda n, h: 2 * n * h - 1, "2 * h * n - 1"),
        (lambda n, h: h // 2 * n, "(h // 2) * n"),
        (lambda n, h: (h + 1) // 2 // 2, "(((h + 1) // 2) // 2)"),
        (lambda n, h: n - 3 * h, "-3 * h + n"),
    ],
)
def test_sizes_read_as_people_write_them(make, text):
    assert str(make(Dim.symbol("n"), Dim.symbol("h"))) == text


def test_what_a_size_cannot_do():
    h = Dim.symbol("h")
    with pytest.raises(InputError, match="divisor of a size must be at least 1"):
        _ = h // 0
    with pytest.raises(InputError, match=r"size 'h' must be given\. Got only \['n'\]"):
        at(h + 1, {"n": 1})


def test_the_docstring_holds():
    assert doctest.testmod(dims).failed == 0
