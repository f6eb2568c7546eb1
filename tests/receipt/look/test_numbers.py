import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.figures import Figure, unknown
from tenth.receipt.look import numbers
from tenth.receipt.look.language import language

EN, AR = language("en"), language("ar")


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (1037.4, "J", "1,037 J"),
        (3600, "J", "1 Wh"),
        (3.6e9, "J", "1 MWh"),
        (130_000, "kWh", "130 MWh"),
        (0.138, "gCO2e", "138 mg CO₂e"),
        (7.1e6, "gCO2e", "7.1 t CO₂e"),
        (7100, "kgCO2e", "7.1 t CO₂e"),
        (0.5, "kgCO2e", "500 g CO₂e"),
        (0.5, "h", "30 min"),
        (1, "days", "1 day"),
        (55, "days", "55 days"),
        (7e9, "parameters", "7 billion"),
        (816, "weights", "816"),
        (38_208, "weights", "38,208"),
        (1_000_000, "weights", "1 million"),
        (0.00178, "USD", "0.0018 USD"),
        (0.000123, "USD", "0.00012 USD"),
        (0.0000123, "USD", "1.2\u202f×\u202f10⁻⁵ USD"),
        (1.65e-9, "USD", "1.7\u202f×\u202f10⁻⁹ USD"),
        (-2.69e-9, "USD", "−2.7\u202f×\u202f10⁻⁹ USD"),
        (3e-12, "J", "3\u202f×\u202f10⁻¹² J"),
        (0, "USD", "0 USD"),
        (8.4e22, "FLOP", "8.4\u202f×\u202f10²² FLOP"),
        (0.97, "", "0.97"),
        (-3, "s", "−3 s"),
        (478_891, "uses", "479,000 uses"),
        (33.04, "uses", "33 uses"),
    ],
)
def test_values(value, unit, told):
    assert numbers.value(EN, Figure(value, unit)) == told


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (4.21 * 60, "s", "\u20664.21\u2069 دقيقة"),
        (5, "days", "\u20665\u2069 أيام"),
        (55, "days", "\u206655\u2069 يومًا"),
        (1037.4, "J", "\u20661,037 J\u2069"),
    ],
)
def test_values_in_arabic(value, unit, told):
    assert numbers.value(AR, Figure(value, unit)) == told


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (Figure(55, "days", 30, 99), "30 – 99 days"),
        (Figure(4000, "J", 2000, 9000), "0.555 – 2.5 Wh"),
        (Figure(2, "gCO2e", 0, 3), "0 – 3 g CO₂e"),
        (Figure(33, "uses", 16.3, 66.9), "16 – 67 uses"),
        (
            Figure(2e-5, "USD", 7.11e-6, 4e-5),
            "7.1\u202f×\u202f10⁻⁶ – 4.0\u202f×\u202f10⁻⁵ USD",
        ),
        (Figure(2, "gCO2e", 2, 2), ""),
        (unknown("J", "lost"), ""),
    ],
)
def test_intervals_stay_in_the_unit_of_the_value(figure, told):
    assert numbers.interval(EN, figure) == told


def test_an_estimate_is_rounded_and_an_interval_with_it():
    figure = Figure(1234567, "USD", 1000001, 1999999)
    assert numbers.value(EN, figure, 2) == "1,200,000 USD"
    assert numbers.interval(EN, figure, 2) == "1,000,000 – 2,000,000 USD"


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(numbers).failed == 0


def test_unknown_is_a_word_and_never_zero():
    assert numbers.value(EN, unknown("J", "lost")) == "unknown"


UNITS = [
    "J",
    "s",
    "h",
    "days",
    "kWh",
    "gCO2e",
    "kgCO2e",
    "USD",
    "FLOP",
    "bytes",
    "weights",
    "",
    "x",
]


@given(
    st.lists(st.floats(-1e30, 1e30), min_size=3, max_size=3),
    st.sampled_from(UNITS),
    st.sampled_from([None, 2]),
)
def test_any_figure_can_be_told_in_every_language(ends, unit, digits):
    low, value, high = sorted(ends)
    figure = Figure(value, unit, low, high)
    for speak in (EN, AR):
        assert numbers.value(speak, figure, digits)
        assert bool(numbers.interval(speak, figure, digits)) == (low < high)
        numbers.times(speak, figure, Figure(high, unit))


def test_a_duration_is_rounded_once_in_the_unit_that_is_shown():
    figure = Figure(0.43868, "days", 0.2, 0.9)  # 10.53 h; in seconds and two digits 38,000
    assert numbers.value(EN, figure, 2) == "11 h"
    assert numbers.value(EN, figure) == "10.5 h"
    assert numbers.interval(EN, figure, 2) == "4.8 – 22 h"
    assert numbers.value(EN, Figure(37902.0, "s"), 2) == "11 h"


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (Figure(700, "USD", 549, 1043), "540 – 1100 USD"),
        (Figure(50, "kgCO2e", 20.9, 104.7), "20 – 110 kg CO₂e"),
        (Figure(0.05, "USD", 0.0109, 0.0901), "0.010 – 0.091 USD"),
        (
            Figure(3e21, "FLOP", 2.99e21, 3.01e21),
            "2.9\u202f×\u202f10²¹ – 3.1\u202f×\u202f10²¹ FLOP",
        ),
    ],
)
def test_ends_of_an_interval_are_rounded_outwards(figure, told):
    assert numbers.interval(EN, figure, 2) == told


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ((0.299, 0.701), "29 – 71 %"),
        ((0.29, 0.57), "29 – 57 %"),  # 100 × 0.57 is no whole number of a float
        ((0.0, 1.0), "0 – 100 %"),
        ((0.004, 0.996), "0 – 100 %"),
    ],
)
def test_a_rate_is_rounded_outwards(bounds, told):
    assert numbers.percent(EN, bounds) == told
