"""Two programs by turns: how long each takes, and how sure their ratio is."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

from tenth.figures import Figure

LOADS = 5
ROUNDS = 5  # with each load
_SAMPLE_SECONDS = 0.02
_MOST_RUNS = 10_000
Run = Callable[[], object]
Load = Callable[[], Run]


@dataclass(frozen=True)
class Timing:
    """Seconds a run of both, and the ratio after ÷ before, each with a 90 % interval."""

    before: Figure
    after: Figure
    ratio: Figure


def by_turns(before: Load, after: Load, source: str, *, threads: int = 1) -> Timing:
    """Time two programs that run on the same threads of this process, by turns.

    Both are loaded afresh five times, as where a program happens to lie in memory changes its speed
    by several per cent from load to load: rounds with one load alone would call that a difference.
    With each load one round of each is run by turns, five times.

    One thread is timed by its own clock, which stands still while other programs have the
    processor; several are timed by the clock on the wall. Intervals are of the median over the
    loads, by order statistics: whatever the noise from load to load, they hold 90 %.

    Args:
        before: gives the first program ready to run, loaded anew at each call.
        after: as `before`, the second program.
        source: what runs them, for the figures.
        threads: how many both run on.

    Cost: some 5 × 5 × 2 × 20 ms, or 70 runs of each where a run is longer; and ten loads.
    Source: David & Nagaraja 2003, Order Statistics, 7.1.
    """
    clock = time.thread_time if threads == 1 else time.perf_counter
    loads = [_with_one_load((before, after), clock, turn) for turn in range(LOADS)]
    how = (
        f"{source}, median of {LOADS} loads with {ROUNDS} rounds by turns each, "
        f"{threads} thread{'s' * (threads > 1)}"
    )
    first, second, ratios = zip(*loads, strict=True)
    return Timing(_figure(first, "s", how), _figure(second, "s", how), _figure(ratios, "×", how))


def _with_one_load(
    pair: tuple[Load, Load], clock: Callable[[], float], turn: int
) -> tuple[float, float, float]:
    """Median seconds of both, and the median ratio of the same round."""
    runs, counts = dict[int, Run](), dict[int, int]()
    for which in _order(turn):
        runs[which] = pair[which]()
    for which in _order(turn):
        counts[which] = _runs(runs[which], clock)
    samples: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        for which in _order(turn + number):
            samples[which].append(_sample(runs[which], counts[which], clock))
    ratios = [late / early for early, late in zip(*samples, strict=True)]
    return median(samples[0]), median(samples[1]), median(ratios)


def _order(turn: int) -> tuple[int, int]:
    """Who goes first alternates, so that neither the second place nor a drift favours one."""
    return (0, 1) if turn % 2 == 0 else (1, 0)


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
