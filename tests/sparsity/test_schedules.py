import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.errors import InputError
from tenth.sparsity import schedules
from tenth.sparsity.schedules import Timetable


def test_cubic_by_hand():
    at = [schedules.cubic(p, 1.0, 0.1) for p in (0, 0.5, 1)]
    assert at == pytest.approx([1.0, 0.2125, 0.1])
    # notes of Liu et al.: from 0.5 to 0.1, half way
    assert schedules.cubic(0.5, 0.5, 0.1) == pytest.approx(0.15)


def test_one_shot_by_hand():
    assert [schedules.one_shot(p, 1.0, 0.1) for p in (0, 0.5, 0.999, 1)] == [1, 1, 1, 0.1]


def test_constant_by_hand():
    assert [schedules.constant(p, 1.0, 0.1) for p in (0, 0.5, 1)] == [0.1, 0.1, 0.1]


def test_the_timetable_by_hand():
    table = Timetable(steps=100, every=20, ramp=0.5, rest=0.75)
    steps = range(1, 101)
    assert table.ramp_end == 50
    assert [s for s in steps if table.falls(s)] == [20, 40, 50]
    assert [s for s in steps if table.moves(s)] == [20, 40, 60]
    assert [table.progress(s) for s in (0, 25, 50, 90)] == [0, 0.5, 1, 1]
    assert table.share(0, 0.3) == pytest.approx(0.3)
    assert table.share(37, 0.3) == pytest.approx(0.15, abs=0.005)
    assert table.share(75, 0.3) == 0
    assert table.share(50, 0.3) == pytest.approx(0.15 * (1 + math.cos(math.pi * 2 / 3)))


@given(st.integers(1, 400), st.integers(1, 50), st.floats(0, 1), st.floats(0, 1))
def test_the_final_density_is_due_within_the_run(steps, every, a, b):
    ramp, rest = sorted((a, b))
    table = Timetable(steps, every, ramp, rest)
    falls = [step for step in range(1, steps + 1) if table.falls(step)]
    assert falls[-1] == table.ramp_end
    assert table.progress(falls[-1]) == 1
    assert table.ramp_end <= max(1, math.ceil(ramp * steps))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": 0}, "steps must be a whole number"),
        ({"steps": 1.5}, "steps must be a whole number"),
        ({"steps": 9, "every": 0}, "every must be"),
        ({"steps": 9, "ramp": 1.5}, "ramp must be"),
        ({"steps": 9, "rest": float("nan")}, "rest must be"),
        ({"steps": 9, "ramp": 0.9, "rest": 0.5}, "Masks cannot rest before"),
    ],
)
def test_an_impossible_timetable_is_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        Timetable(**wrong)
