import math

import pytest

from tenth.receipt.instruments.counter import Counter, Point, Power, Scale, advance

START = Point(0.0, 0.0)


class Told:
    """A sensor that says what it is told to."""

    def __init__(self, value=0.0):
        self.value = value

    def __call__(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def counter(told, size=None, joules=1.0, watts=500.0):
    return Counter("the counter", told, Scale(joules, watts, size), 0.0)


def test_a_hundred_watts_for_36_seconds_is_one_watt_hour():
    told = Told()
    by_counter = counter(told)
    by_power = Power("the meter", lambda: 100.0, 0.0)
    for tick in range(1, 361):
        told.value = tick * 10.0
        by_counter.sample(tick / 10)
        by_power.sample(tick / 10)
    assert advance(by_counter, START)[0] / 3600 == pytest.approx(1.0)
    assert advance(by_power, START)[0] / 3600 == pytest.approx(1.0)


def test_power_that_ramps_is_integrated_as_a_trapezoid():
    told = Told(0.0)
    meter = Power("the meter", told, 0.0)
    for second in range(1, 11):
        told.value = second * 20.0
        meter.sample(float(second))
    assert advance(meter, START) == (pytest.approx(1000.0), "")


def test_a_counter_that_runs_round_loses_nothing():
    told = Told(990)
    one = counter(told, size=1000)
    for step in range(1, 51):
        told.value = (990 + 30 * step) % 1000
        one.sample(float(step))
    assert advance(one, START) == (1500.0, "")


@pytest.mark.parametrize("size", [None, 1_000_000])
def test_a_counter_that_jumps_back_is_missing(size):
    told = Told(500_000)
    one = counter(told, size=size)
    told.value = 500_100
    one.sample(1.0)
    told.value = 3
    one.sample(2.0)
    joules, reason = advance(one, START)
    assert joules == 0
    assert "jumped back from 500100 to 3" in reason
    told.value = 500_000
    one.sample(3.0)
    assert "jumped back" in one.missing


def test_a_counter_that_leaps_ahead_is_missing():
    told = Told(0)
    one = counter(told)
    told.value = 1e6
    one.sample(1.0)
    assert "more than can have been drawn" in one.missing


def test_a_counter_that_may_have_run_round_unseen_is_missing():
    told = Told(0)
    one = counter(told, size=1000)
    told.value = 10
    one.sample(3.0)
    assert "run round" in one.missing


def test_a_counter_that_stands_still_is_missing_and_not_zero():
    one = counter(Told(7.0))
    one.sample(0.01)
    assert "did not move yet in 0.01 s" in advance(one, START)[1]
    one.sample(5.0)
    assert "did not move in 5.0 s" in advance(one, START)[1]


@pytest.mark.parametrize("value", [OSError("gone"), math.nan, math.inf, -1.0, ValueError("?")])
@pytest.mark.parametrize("kind", ["counter", "power"])
def test_a_sensor_that_fails_is_missing_from_then_on(value, kind):
    told = Told(1.0)
    one = counter(told) if kind == "counter" else Power("the meter", told, 0.0)
    told.value = 2.0
    one.sample(1.0)
    told.value = value
    one.sample(2.0)
    assert one.missing
    told.value = 3.0
    one.sample(3.0)
    assert advance(one, START)[1] == one.missing


def test_a_sensor_that_fails_at_once_is_missing_too():
    one = counter(Told(OSError("no such board")))
    one.sample(1.0)
    assert "no such board" in one.missing


def test_power_that_nobody_read_for_long_is_missing():
    meter = Power("the meter", lambda: 100.0, 0.0)
    meter.sample(61.0)
    assert "was not read for 61 s" in meter.missing


def test_power_of_nothing_is_missing_and_not_zero():
    meter = Power("the meter", lambda: 0.0, 0.0)
    for second in range(1, 5):
        meter.sample(float(second))
    assert "did not move in 4.0 s" in advance(meter, START)[1]
