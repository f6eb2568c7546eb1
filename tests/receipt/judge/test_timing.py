import time
from math import comb

import numpy as np
import pytest

from tenth.receipt.judge.timing import ROUNDS, by_turns, interval_of_median


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
        low, high = interval_of_median(draw.exponential(size=ROUNDS))
        held += low <= np.log(2) <= high
    assert held > 880


def test_each_round_runs_both_and_who_is_first_alternates(monkeypatch):
    clock = iter(range(10_000_000))
    monkeypatch.setattr(time, "thread_time", lambda: next(clock))
    turns = []
    timing = by_turns(lambda: turns.append("a"), lambda: turns.append("b"), "a clock that counts")
    # two warm runs each, then one a round, as a tick is a second
    assert turns[:4] == ["a", "a", "b", "b"]
    assert turns[4:] == (["a", "b", "b", "a"] * ROUNDS)[: 2 * ROUNDS]
    assert timing.ratio.value == 1.0
    assert timing.before.value == 1.0
    assert f"median of {ROUNDS} rounds" in timing.ratio.source


def test_a_clock_that_stands_still_is_no_fault(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", lambda: 1.0)
    timing = by_turns(int, int, "a broken clock", threads=2)
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
    timing = by_turns(clock.work(first), clock.work(second), "a slowing machine")
    assert timing.ratio.bounds() == (2.0, 2.0, 2.0)
    assert timing.before.low < timing.before.value < timing.before.high
    assert timing.ratio.label == "measured"
