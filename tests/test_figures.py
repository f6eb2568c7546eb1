import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.errors import InputError
from tenth.figures import Figure, counted, human, product, rounded, total, unknown

positive = st.floats(1e-3, 1e6)


def test_json_round_trip_of_known_and_unknown():
    for figure in (Figure(1.2, "kWh", 0.9, 1.6, "modelled", "x"), unknown("USD", "no price")):
        assert Figure.from_json(figure.to_json()) == figure
    assert unknown("USD", "no price").to_json()["value"] is None


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Figure(None, "s"), "reason"),
        (lambda: Figure(math.nan, "s"), "finite"),
        (lambda: Figure(3, "s", 4, 5), "interval"),
        (lambda: Figure(3, "s", label="guessed"), "label"),
        (lambda: Figure.from_json({"value": 1}), "figure must be"),
        (lambda: total([counted(1, "s", ""), counted(1, "J", "")]), "one unit"),
    ],
)
def test_bad_figures_are_refused(make, word):
    with pytest.raises(InputError, match=word):
        make()


def test_sums_keep_their_label_and_mixtures_do_not():
    a, b = Figure(1, "s", 0.5, 2), Figure(2, "s", 1, 4)
    assert total([a, b]).bounds() == (3, 1.5, 6)
    assert total([a, b]).label == "measured"
    assert total([a, counted(1, "s", "")]).label == "modelled"
    assert total([a, Figure(1, "s", label="estimated")]).label == "estimated"
    assert not total([a, unknown("s", "why")]).known


@given(positive, st.floats(1, 3), positive, st.floats(1, 3))
def test_relative_errors_add_in_quadrature(x, dx, y, dy):
    result = product(
        [Figure(x, "h", x / dx, x * dx), Figure(y, "W", y / dy, y * dy)], "Wh", "hours times watts"
    )
    value, low, high = result.bounds()
    assert value == pytest.approx(x * y)
    spread = math.exp(math.hypot(math.log(dx), math.log(dy)))
    assert high == pytest.approx(value * spread)
    assert low == pytest.approx(value / spread)
    assert result.label == "modelled"


def test_numbers_as_people_read_them():
    assert human(8160, "FLOP") == "8.16 kFLOP"
    assert human(150, "s") == "2.5 min"
    assert human(0, "s") == "0 s"
    assert human(3 * 86400, "s") == "3 days"
    assert human(0.0025, "USD") == "0.0025 USD"
    assert human(1.652e-9, "USD") == "1.65e-09 USD"
    assert human(12_000_000, "USD") == "12,000,000 USD"


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=4)
)
def test_a_product_of_any_signs_holds_what_its_factors_allow(parts):
    figures = [Figure(value, "", value - down, value + up) for value, down, up in parts]
    value, low, high = product(figures, "x", "test").bounds()
    assert value == math.prod(figure.value for figure in figures)
    if all(figure.low > 0 for figure in figures):
        return  # in quadrature, narrower than the corners
    for corner in itertools.product(*((f.low, f.value, f.high) for f in figures)):
        assert low - 1e-9 <= math.prod(corner) <= high + 1e-9


@given(st.floats(1e-6, 1e12), st.integers(1, 6))
def test_an_end_that_is_rounded_still_holds_the_number(value, digits):
    low, high = rounded(value, digits, "down"), rounded(value, digits, "up")
    assert low * (1 - 1e-11) <= value <= high * (1 + 1e-11)
    assert low <= rounded(value, digits) <= high
    assert high - low <= 1.001 * 10 ** (math.floor(math.log10(value)) - digits + 1)
    assert rounded(low, digits, "up") == low


def test_what_has_so_many_digits_already_is_not_moved():
    assert rounded(0.1 + 0.2, 2, "up") == 0.3
    assert rounded(1100, 2, "up") == 1100
    assert rounded(-1043, 2, "down") == -1100
    assert rounded(0, 2, "up") == 0


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (37902, "s", "11 h"),
        (999.6, "parameters", "1 k"),
        (999_600, "bytes", "1 MB"),
        (0.9996, "USD", "1 USD"),
        (1e300, "USD", "1e+300 USD"),
        (1e30, "FLOP", "1e+30 FLOP"),
    ],
)
def test_rounding_is_of_the_unit_that_is_shown(value, unit, told):
    assert human(value, unit, 2) == told


def test_numbers_that_nobody_counts_are_powers_of_ten():
    assert human(4.2e43, "USD") == "4.2e+43 USD"
    assert human(6e60, "FLOP") == "6e+60 FLOP"
    assert human(999.6, "h") == "1,000 h"
