"""How one arm stands at the end of a race."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from tenth.figures import Figure, unknown
from tenth.intervals import NonInferiority, non_inferiority, student_t
from tenth.receipt import Arm as Record
from tenth.receipt import Stage
from tenth.receipt.forms import figures_to_json
from tenth.train.race.contest import paired
from tenth.train.race.jobs import Ended
from tenth.train.race.terms import LEAST_SEEDS, Terms

BASELINE, HOLDS, FAILS = "baseline", "non-inferior", "inferior"
DROPPED, UNDECIDED, FAILED = "dropped", "undecided", "failed"


@dataclass(frozen=True)
class Standing:
    """One arm's verdict.

    Attributes:
        verdict: "baseline", "non-inferior", "inferior" (shown at 95 %, on "test"), "dropped"
            (surely worse on "val", so that not all seeds were run), "undecided" or "failed" (some
            seed gave no net).
        words: the verdict in a sentence.
        scale: the factor on the learning rate that tuning chose; None if no trial gave a net.
        weights: kept, of the first net.
        seeds: jobs of the verdict.
        reached: how many of them reached the target.
        runs: how many it made, at any stage, restarts included.
        failures: how many of those gave no net; all are paid for.
        test: mean over the nets with its 90 % interval.
        cost: of everything the arm ran, in parts; None if it ran nothing.
        record: the jobs of the verdict as a receipt has them; None if there are none.
        comparison: paired with dense on "test"; None for fewer than five pairs.
    """

    name: str
    verdict: str
    words: str
    scale: float | None
    weights: int
    seeds: int
    reached: int
    runs: int
    failures: int
    test: Figure
    cost: Stage | None
    record: Record | None
    comparison: NonInferiority | None

    @property
    def holds(self) -> bool:
        """Whether it may win."""
        return self.verdict in (BASELINE, HOLDS)

    def total(self, key: str) -> Figure:
        """A figure of everything it ran."""
        nothing = unknown("", f"{self.name} ran nothing")
        return self.cost.figures[key] if self.cost is not None else nothing

    def each(self, key: str) -> Figure:
        """A figure of one job of the verdict, restarts included: the mean."""
        nothing = unknown("", f"no seed of {self.name} was run")
        return self.record.figures.get(key, nothing) if self.record is not None else nothing

    def to_json(self) -> dict[str, Any]:
        """As JSON, for other readers: a verdict is read from its jobs."""
        names = (
            "name",
            "verdict",
            "words",
            "scale",
            "weights",
            "seeds",
            "reached",
            "runs",
            "failures",
        )
        comparison = self.comparison
        return {
            **{name: getattr(self, name) for name in names},
            "test": self.test.to_json(),
            "difference": comparison.difference if comparison else None,
            "lower": comparison.lower if comparison else None,
            "cost": figures_to_json(self.cost.figures) if self.cost else None,
            "cost_of_one": figures_to_json(self.record.figures) if self.record else None,
        }


def standing(name: str, ended: Sequence[Ended], dense: Sequence[Ended], terms: Terms) -> Standing:
    """The verdict on one arm from the ends of its jobs and of those of the dense arm."""
    final = [one for one in ended if one.stage == "verdict"]
    rivals = [one for one in dense if one.stage == "verdict"]
    nets = [one.best for one in final if one.best is not None]
    ours, theirs = paired(final, rivals, "test")
    comparison = non_inferiority(ours, theirs, terms.margin) if len(ours) >= LEAST_SEEDS else None
    baseline = bool(ended) and ended[0].arm == (dense[0].arm if dense else None)
    verdict, words = _judged(final, comparison, terms, baseline=baseline)
    reached = sum(net.reached for net in nets) if terms.target is not None else len(nets)
    if verdict == BASELINE and reached < len(nets):
        words += f"; missed the target in {len(nets) - reached} of {len(final)} seeds"
    return Standing(
        name,
        verdict,
        words,
        final[0].scale if final else None,
        nets[0].weights if nets else 0,
        len(final),
        reached,
        sum(len(job.tries) for job in ended),
        sum(bool(one.failure) for job in ended for one in job.tries),
        _mean([net.test for net in nets if net.test is not None]),
        _cost(name, ended),
        _record(name, final, reached, nets[0].weights if nets else 0),
        None if baseline else comparison,
    )


def _judged(
    final: Sequence[Ended], comparison: NonInferiority | None, terms: Terms, *, baseline: bool
) -> tuple[str, str]:
    bad = [one for one in final if one.best is None]
    if not final or (bad and not baseline) or len(bad) == len(final):
        where = f"{len(bad)} of {len(final)} seeds" if final else "tuning"
        return FAILED, f"failed: no net from {where}"
    if baseline:
        some = f"; no net from {len(bad)} of {len(final)} seeds" if bad else ""
        return BASELINE, f"baseline, tuned like the others{some}"
    if comparison is None:
        return UNDECIDED, f"undecided: fewer than {LEAST_SEEDS} seeds to compare"
    if len(final) < terms.seeds:
        return DROPPED, f"inferior on val beyond doubt, dropped after {len(final)} seeds"
    if comparison.holds:
        return HOLDS, f"non-inferior within {terms.margin:g}"
    if comparison.fails:
        return FAILS, f"inferior by {terms.margin:g} or more"
    needed = comparison.seeds_needed
    return UNDECIDED, f"undecided: needs {needed or 'more than 1000'} seeds"


def _mean(scores: Sequence[float]) -> Figure:
    if not scores:
        return unknown("", "no net was tested")
    mean, half = fmean(scores), 0.0
    if len(scores) > 1:
        half = student_t(0.95, len(scores) - 1) * stdev(scores) / math.sqrt(len(scores))
    return Figure(
        mean, "", mean - half, mean + half, "measured", f"score on test, {len(scores)} seeds"
    )


def _cost(name: str, ended: Sequence[Ended]) -> Stage | None:
    parts = [
        Stage.of_parts(stage, [one.cost for one in ended if one.stage == stage])
        for stage in ("measure", "tune", "verdict")
        if any(one.stage == stage for one in ended)
    ]
    made = next((one.made for job in ended for one in job.tries if one.made), None)
    if made is not None:
        parts.append(made)
    return Stage.of_parts(name, parts) if parts else None


def _record(name: str, final: Sequence[Ended], reached: int, weights: int) -> Record | None:
    if not final:
        return None
    figures = [one.cost.figures for one in final]
    return Record.of_runs(name, figures, successes=reached, weights=weights)
