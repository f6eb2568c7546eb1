"""Two programs by turns: how long each takes, and how sure their ratio is."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

from tenth.figures import Figure

ROUNDS = 21
_SAMPLE_SECONDS = 0.02
_MOST_RUNS = 10_000
Run = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds a run of both, and the ratio after ÷ before, each with a 90 % interval."""

    before: Figure
    after: Figure
    ratio: Figure


def by_turns(before: Run, after: Run, source: str, *, threads: int = 1) -> Timing:
    """Time two programs that run on the same threads of this process, one round of each by turns.

    One thread is timed by its own clock, which stands still while other programs have the
    processor; several are timed by the clock on the wall.

    Intervals are of the median, by order statistics: whatever the noise, they hold 90 %.

    Cost: some 21 × 2 × 20 ms, or 44 runs of each where a run is longer.
    Source: David & Nagaraja 2003, Order Statistics, 7.1.
    """
    clock = time.thread_time if threads == 1 else time.perf_counter
    counts = [_runs(run, clock) for run in (before, after)]
    samples: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        # who goes first alternates, so that a drift of the clock's speed hits both
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            run, runs = (before, after)[which], counts[which]
            samples[which].append(_sample(run, runs, clock))
    how = f"{source}, median of {ROUNDS} rounds by turns, {threads} thread{'s' * (threads > 1)}"
    ratios = [late / early for early, late in zip(*samples, strict=True)]
    return Timing(
        _figure(samples[0], "s", how), _figure(samples[1], "s", how), _figure(ratios, "×", how)
    )


def _runs(run: Run, clock: Callable[[], float]) -> int:
    """How many runs fill a sample; they also warm it up."""
    run()
    seconds = max(_sample(run, 1, clock), 1e-7)
    return max(1, min(_MOST_RUNS, round(_SAMPLE_SECONDS / seconds)))


def _sample(run: Run, runs: int, clock: Callable[[], float]) -> float:
    began = clock()
    for _ in range(runs):
        run()
    # a coarse clock may not have moved; nothing takes no time
    return max(clock() - began, 1e-9) / runs


def _figure(samples: Sequence[float], unit: str, source: str) -> Figure:
    low, high = interval_of_median(samples)
    return Figure(median(samples), unit, low, high, "measured", source)


def interval_of_median(samples: Sequence[float], level: float = 0.90) -> tuple[float, float]:
    """The narrowest pair of order statistics, placed evenly, that holds the median so often.

    >>> interval_of_median(range(1, 22))
    (7, 15)
    """
    ordered, count = sorted(samples), len(samples)
    outside, rank = 0.0, 0
    while rank < (count - 1) // 2:
        outside += 2 * comb(count, rank) / 2**count
        if outside > 1 - level:
            break
        rank += 1
    rank = max(rank, 1)
    return ordered[rank - 1], ordered[count - rank]
