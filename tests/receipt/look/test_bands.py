import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.receipt.look.bands import axis, ticks

RATIO = st.floats(1e-6, 1e6)


def test_ratios_of_one_size_stand_on_powers_of_two():
    made = axis([(0.5, 1.0, 2.0)])
    assert [mark.text for mark in ticks(made)] == ["÷ 2", "1", "× 2"]
    assert (made.bands[0].low, made.one, made.bands[0].high) == pytest.approx((0, 50, 100))


def test_ratios_far_apart_stand_on_powers_of_ten():
    texts = [mark.text for mark in ticks(axis([(0.02, 1.0, 30.0)]))]
    assert texts == ["÷ 100", "÷ 10", "1", "× 10", "× 100"]


def test_one_is_never_a_minor_mark():
    for low, high in ((0.4, 2.0), (0.01, 3.0), (1.0, 900.0)):
        (one,) = (mark for mark in ticks(axis([(low, 1.0, high)])) if mark.text == "1")
        assert not one.minor


@given(st.lists(st.tuples(RATIO, RATIO, RATIO).map(sorted).map(tuple), max_size=8))
def test_everything_is_inside_the_drawing_and_in_order(ratios):
    made = axis(ratios)
    for band in made.bands:
        assert -1e-6 <= band.low <= band.value <= band.high <= 100 + 1e-6
    places = [at for at, _ in made.ticks]
    assert places == sorted(places)
    assert -1e-6 <= places[0] <= made.one <= places[-1] <= 100 + 1e-6
