"""Intervals and verdicts: how sure a rate, a mean or a claim of "same accuracy" is."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

from tenth.errors import InputError, must

_LEAST_PAIRS = 5
_MOST_SEEDS = 1000


def wilson(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a success rate that stays inside [0, 1] and works for 0 or all hits.

    >>> tuple(round(x, 3) for x in wilson(3, 64))
    (0.016, 0.129)

    Raises:
        InputError: not 0 <= hits <= trials with at least one trial.
    Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    if not 0 <= hits <= trials or trials == 0:
        raise InputError(must("hits", "between 0 and trials > 0", f"{hits} of {trials}"))
    z = NormalDist().inv_cdf(0.5 + level / 2)
    rate, extra = hits / trials, z * z / trials
    middle = (rate + extra / 2) / (1 + extra)
    half = z * math.sqrt(rate * (1 - rate) / trials + extra / trials / 4) / (1 + extra)
    # at 0 or all hits a bound is the rate itself, and rounding must not put it on the other side
    return max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half))


def student_t(probability: float, freedom: int) -> float:
    """The quantile of Student's t distribution, by bisection on its exact distribution function.

    >>> round(student_t(0.95, 9), 3)
    1.833

    Source: Abramowitz & Stegun 1964, 26.7.3 and 26.7.4 (finite sums for whole degrees of freedom).
    """
    if freedom < 1 or not 0 < probability < 1:
        raise InputError(
            must("quantile", "asked for 0 < p < 1 and freedom >= 1", f"{probability}, {freedom}")
        )
    if probability < 0.5:
        return -student_t(1 - probability, freedom)
    low, high = 0.0, 1.0
    while _t_distribution(high, freedom) < probability:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _t_distribution(middle, freedom) < probability else (low, middle)
        )
    return high


def _t_distribution(t: float, freedom: int) -> float:
    """Probability of a value below t >= 0."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    term, series = (cosine if freedom % 2 else 1.0), 0.0
    for k in range(1 + freedom % 2, freedom, 2):
        series += term
        term *= cosine * cosine * k / (k + 1)
    if freedom % 2:
        return 0.5 + (angle + math.sin(angle) * series) / math.pi
    return 0.5 + math.sin(angle) * series / 2


@dataclass(frozen=True)
class NonInferiority:
    """Verdict on "not worse by `margin` or more", one-sided at 95 %, on paired differences."""

    difference: float
    lower: float
    margin: float
    seeds: int
    deviation: float = 0.0  # of the differences, from seed to seed

    @property
    def holds(self) -> bool:
        """Whether the claim holds."""
        return self.lower > -self.margin

    def upper(self, level: float = 0.95) -> float:
        """The one-sided upper bound of the difference; below -margin, the candidate is worse."""
        error = self.deviation / math.sqrt(self.seeds)
        return self.difference + student_t(level, self.seeds - 1) * error

    @property
    def fails(self) -> bool:
        """Whether the opposite is shown at 95 %: worse by `margin` or more."""
        return self.upper() < -self.margin

    @property
    def seeds_needed(self) -> int | None:
        """How many paired seeds would decide, if difference and deviation stay as they are.

        The claim or its opposite is then shown with a probability of 80 %. None: the difference
        stands so near the margin that a thousand seeds would not decide.

        Source: the sample size of a one-sided paired t-test, with t in place of z.
        """
        gap = abs(self.difference + self.margin)

        def decide(seeds: int) -> bool:
            reach = student_t(0.95, seeds - 1) + student_t(0.8, seeds - 1)
            return reach * self.deviation <= gap * math.sqrt(seeds)

        counts = range(_LEAST_PAIRS, _MOST_SEEDS + 1)
        place = bisect_left(counts, True, key=decide)
        return counts[place] if place < len(counts) else None

    def __str__(self) -> str:
        word = "non-inferior" if self.holds else "not shown non-inferior"
        return (
            f"{word} within {self.margin:g} (difference {self.difference:+.4f}, "
            f"lower 95 % bound {self.lower:+.4f}, {self.seeds} paired seeds)"
        )


def non_inferiority(
    candidate: Sequence[float], baseline: Sequence[float], margin: float
) -> NonInferiority:
    """Test whether scores of a candidate are not worse than a baseline's by `margin` or more.

    Args:
        candidate: one score a seed, higher is better.
        baseline: scores of the same seeds in the same order.
        margin: stated before the runs, in units of the score.

    Raises:
        InputError: fewer than 5 pairs, unequal lengths, or a margin that is not positive.
    Source: paired t-test for non-inferiority, ICH E9 (1998), 3.3.2.
    """
    if len(candidate) != len(baseline) or len(candidate) < _LEAST_PAIRS:
        got = f"{len(candidate)} and {len(baseline)} scores"
        raise InputError(
            must("paired scores", f"at least {_LEAST_PAIRS} pairs", got, "Run more seeds.")
        )
    if margin <= 0:
        raise InputError(must("margin", "positive", margin))
    differences = [c - b for c, b in zip(candidate, baseline, strict=True)]
    mean = fmean(differences)
    deviation = stdev(differences)
    error = deviation / math.sqrt(len(differences))
    lower = mean - student_t(0.95, len(differences) - 1) * error
    return NonInferiority(mean, lower, margin, len(differences), deviation)
