"""Routes in a race: how often each reached the target, and what that cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from statistics import stdev
from typing import Any, Self

from tenth.errors import InputError, must
from tenth.figures import Figure, product, total, unknown
from tenth.intervals import student_t, wilson
from tenth.receipt.forms import figures_from_json, figures_to_json

LEVEL = 0.90  # of every interval in a receipt


@dataclass(frozen=True)
class Arm:
    """A route run over several seeds: how often it reached the target, at what cost a run.

    `figures` are means over all runs, those that failed included.
    """

    name: str
    seeds: int
    successes: int
    weights: int
    figures: dict[str, Figure]

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.seeds or self.seeds < 1:
            got = f"{self.successes} of {self.seeds}"
            raise InputError(must(f"successes of {self.name}", "between 0 and seeds > 0", got))

    @classmethod
    def of_runs(
        cls, name: str, runs: Sequence[Mapping[str, Figure]], *, successes: int, weights: int
    ) -> Self:
        """The arm of these runs, one mapping of figures each; only figures all runs have are kept.

        Raises:
            InputError: no runs, or more successes than runs.
        """
        if not runs:
            raise InputError(must(f"runs of {name}", "at least one", "none"))
        shared = [key for key in runs[0] if all(key in run for run in runs)]
        means = {key: _mean([run[key] for run in runs]) for key in shared}
        return cls(name, len(runs), successes, weights, means)

    @property
    def rate(self) -> float:
        """Share of seeds that reached the target."""
        return self.successes / self.seeds

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson interval of the rate, level 90 %."""
        return wilson(self.successes, self.seeds, LEVEL)

    @property
    def expected_cost(self) -> dict[str, Figure]:
        """What one success costs: the mean cost of a run ÷ the success rate."""
        if self.successes == 0:
            reason = f"none of {self.seeds} seeds reached the target"
            return {key: unknown(figure.unit, reason) for key, figure in self.figures.items()}
        low, high = self.interval
        tries = Figure(1 / self.rate, "runs", 1 / high, 1 / low, "measured", "seeds ÷ successes")
        source = "mean cost of a run ÷ success rate"
        return {
            key: product([figure, tries], figure.unit, source)
            for key, figure in self.figures.items()
            if key != "peak_rss_bytes"
        }

    def to_json(self) -> dict[str, Any]:
        """The form an arm has in a receipt; interval and expected cost are for other readers."""
        return {
            "name": self.name,
            "seeds": self.seeds,
            "successes": self.successes,
            "interval": list(self.interval),
            "weights": self.weights,
            "figures": figures_to_json(self.figures),
            "expected_cost": figures_to_json(self.expected_cost),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; what can be computed anew is."""
        return cls(
            form["name"],
            form["seeds"],
            form["successes"],
            form["weights"],
            figures_from_json(form["figures"]),
        )


def _mean(figures: Sequence[Figure]) -> Figure:
    """The mean of some runs; its interval holds their own and the chance of drawing these runs."""
    whole = total(figures)
    if not whole.known:
        return whole
    value, low, high = (bound / len(figures) for bound in whole.bounds())
    chance = 0.0
    if len(figures) > 1:
        spread = stdev(figure.bounds()[0] for figure in figures)
        chance = student_t(0.5 + LEVEL / 2, len(figures) - 1) * spread / len(figures) ** 0.5
    low, high = value - hypot(value - low, chance), value + hypot(high - value, chance)
    source = f"mean of {len(figures)} runs; {whole.source}"
    return replace(whole, value=value, low=max(low, 0.0), high=high, source=source)
