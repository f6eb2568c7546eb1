"""Marks are round and enclose the values; lines stand where the values say."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.train.report import lines

VALUES = st.floats(-1e6, 1e6, allow_nan=False)


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(lines).failed == 0


@given(VALUES, VALUES)
def test_marks_enclose_the_values_and_are_few(one, other):
    low, high = sorted((one, other))
    marks = lines.rounds(low, high)
    apart = 1e-6 * max(1.0, abs(low), abs(high))
    assert marks[0] <= low + apart
    assert marks[-1] >= high - apart
    assert 2 <= len(marks) <= 7


@given(st.floats(1e-9, 1.0), st.floats(20.0, 1e12))
def test_powers_enclose_the_values_and_are_few(low, factor):
    marks = lines.powers(low, low * factor)
    assert marks[0] <= low * (1 + 1e-9)
    assert marks[-1] >= low * factor * (1 - 1e-9)
    assert 2 <= len(marks) <= 8


def test_a_line_runs_from_corner_to_corner():
    made = lines.chart("t", {"a": [(0, 0.0), (100, 1.0)]}, 100, bounds=(0, 1))
    assert made.lines[0].points == "0.00,100.00 100.00,0.00"
    assert made.lines[0].last == "1"
    assert [tick.text for tick in made.across][-1] == "100"


def test_values_over_orders_of_magnitude_get_a_logarithmic_axis():
    assert lines.chart("t", {"a": [(1, 100.0), (2, 0.1)]}, 2).logarithmic
    assert not lines.chart("t", {"a": [(1, 2.0), (2, 0.0)]}, 2).logarithmic


def test_a_chart_of_nothing_is_none():
    assert lines.chart("t", {"a": []}, 10) is None


@pytest.mark.parametrize(
    ("values", "points"),
    [([1.0, 0.0], "0.00,0.00 100.00,100.00"), ([0.5], "0.00,50.00 100.00,50.00")],
)
def test_a_spark_goes_across(values, points):
    assert lines.spark(values) == points
