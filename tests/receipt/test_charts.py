import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.figures import Figure, counted, unknown
from tenth.receipt import Arm, BeforeAfter
from tenth.receipt.charts import bars, scatter, share

from .samples import costs


def arm(name, seconds, successes=4):
    return Arm(name, 8, successes, 81, costs(seconds))


def test_bars_are_shares_of_the_larger():
    before, after = bars(BeforeAfter("w", counted(200, "", ""), counted(50, "", "")))
    assert (before.length, after.length) == (100, 25)


def test_the_widest_interval_fits():
    before, _ = bars(BeforeAfter("t", Figure(2, "s", 1, 4), Figure(1, "s")))
    assert (before.low, before.length, before.high) == (25, 50, 100)


@pytest.mark.parametrize("after", [unknown("s", "lost"), Figure(0, "s")])
def test_no_bars_of_what_is_not_there(after):
    assert bars(BeforeAfter("t", Figure(1, "s"), after)) is None


def test_success_is_up_and_cost_is_to_the_right():
    chart = scatter([arm("small", 2, 1), arm("dense", 8, 8)])
    small, dense = chart.points
    assert small.x < dense.x
    assert small.y > dense.y == 0
    assert small.y_high < small.y < small.y_low
    assert chart.key == "wall_seconds"
    assert chart.ticks[0].at == 0
    assert chart.ticks[-1].at == 100


def test_costs_far_apart_get_a_logarithmic_axis():
    assert not scatter([arm("a", 1), arm("b", 10)]).logarithmic
    assert scatter([arm("a", 0.01), arm("b", 10)]).logarithmic


def test_a_cost_that_all_arms_know_is_chosen():
    one, two = arm("a", 1), arm("b", 2)
    one.figures["wall_seconds"] = unknown("s", "lost")
    assert scatter([one, two]).key == "energy_joules"
    assert scatter([]) is None
    assert scatter([Arm("a", 1, 1, 1, {})]) is None


def test_labels_of_points_in_one_spot_do_not_cover_each_other():
    points = scatter([arm(name, 5) for name in ("dense", "set", "rigl", "granet")]).points
    assert len({(p.label_dx, p.label_dy) for p in points}) == 4


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=6))
def test_all_marks_are_inside_the_plot(seconds):
    chart = scatter([arm(str(n), s, n) for n, s in enumerate(seconds)])
    marks = [v for p in chart.points for v in (p.x, p.x_low, p.x_high, p.y, p.y_low, p.y_high)]
    assert all(-1e-6 <= mark <= 100 + 1e-6 for mark in marks)
    assert all(p.x_low <= p.x + 1e-6 <= p.x_high + 2e-6 for p in chart.points)
    assert 2 <= len(chart.ticks) <= 16
    assert [tick.at for tick in chart.ticks] == sorted(tick.at for tick in chart.ticks)


def test_a_share_of_nothing_is_nothing():
    assert share(Figure(1, "s"), Figure(4, "s")) == 25
    assert share(None, Figure(4, "s")) == share(Figure(1, "s"), unknown("s", "lost")) == 0
