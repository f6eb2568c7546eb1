import time
from math import comb

import numpy as np
import pytest

from tenth.receipt.judge.timing import LOADS, ROUNDS, by_turns, interval_of_median


@pytest.mark.parametrize("count", range(1, 60))
def test_intervals_of_the_median_hold_what_they_say(count):
    low, high = interval_of_median(range(1, count + 1))
    assert low + high == count + 1
    # the chance that at most `low - 1` of the samples, or at least `high`, lie below the median
    inside = 1 - 2 * sum(comb(count, k) for k in range(low)) / 2**count
    narrower = 1 - 2 * sum(comb(count, k) for k in range(low + 1)) / 2**count
    if count >= 6:
        assert inside >= 0.90
    if low < high - 2:
        assert narrower < 0.90


def test_intervals_hold_the_median_of_skewed_noise():
    draw = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        low, high = interval_of_median(draw.exponential(size=LOADS))
        held += low <= np.log(2) <= high
    assert held > 900


def test_each_load_is_new_each_round_runs_both_and_who_is_first_alternates(monkeypatch):
    clock = iter(range(10_000_000))
    monkeypatch.setattr(time, "thread_time", lambda: next(clock))
    turns = []

    def load(name):
        turns.append(f"load {name}")
        return lambda: turns.append(name)

    timing = by_turns(lambda: load("a"), lambda: load("b"), "a clock that counts")
    # two warm runs each, then one a round, as a tick is a second
    rounds = ["a", "b", "b", "a"] * ROUNDS
    even = ["load a", "load b", "a", "a", "b", "b", *rounds[: 2 * ROUNDS]]
    odd = ["load b", "load a", "b", "b", "a", "a", *rounds[2 : 2 + 2 * ROUNDS]]
    assert turns == [*even, *odd, *even, *odd, *even]
    assert timing.ratio.value == 1.0
    assert timing.before.value == 1.0
    assert f"median of {LOADS} loads with {ROUNDS} rounds" in timing.ratio.source


def test_a_clock_that_stands_still_is_no_fault(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", lambda: 1.0)
    timing = by_turns(lambda: int, lambda: int, "a broken clock", threads=2)
    assert timing.ratio.value == 1.0
    assert timing.before.value > 0


class Clock:
    """A clock that only work moves."""

    now = 0.0

    def work(self, seconds):
        def run():
            self.now += next(seconds)

        return run


def test_ratios_are_of_the_same_round(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "thread_time", lambda: clock.now)
    # the machine becomes slower and slower: 1, 2, 3, … seconds, and twice as many
    first, second = iter(range(1, 100)), iter(range(2, 200, 2))
    run, other = clock.work(first), clock.work(second)
    timing = by_turns(lambda: run, lambda: other, "a slowing machine")
    assert timing.ratio.bounds() == (2.0, 2.0, 2.0)
    assert timing.before.low < timing.before.value < timing.before.high
    assert timing.ratio.label == "measured"


def test_luck_of_a_load_widens_the_interval(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "thread_time", lambda: clock.now)
    luck = iter([1.0, 0.9, 1.1, 0.95, 1.05])

    def steady(seconds):
        def run():
            clock.now += seconds

        return run

    timing = by_turns(lambda: steady(1.0), lambda: steady(next(luck)), "lucky loads")
    assert timing.ratio.bounds() == pytest.approx((1.0, 0.9, 1.1))
