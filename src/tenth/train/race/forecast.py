"""How many runs a race will make, and about how long it will take: said before it begins."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tenth.figures import Figure, human, product, unknown
from tenth.fit import Settings
from tenth.fit.threads import threads_of_torch
from tenth.task import Task
from tenth.train.race.arms import Arm
from tenth.train.race.terms import Terms
from tenth.train.race.tuning import rungs
from tenth.train.rounds import densities, rewinding_rate, rewinding_weights
from tenth.train.routes import ROUTES
from tenth.train.timing import time_step


@dataclass(frozen=True)
class Forecast:
    """What a race comes to if no arm is dropped, no target ends a run, and none is restarted.

    Attributes:
        arms: how many race.
        tuning, verdict: runs of each kind; those that measure a budget are with the first.
        made: runs that an earlier sitting has made.
        seconds: of all that is left, steps alone; unknown where a budget of FLOPs sets the length.
        step: seconds of a dense step.
        processes: how many work at once.
    """

    arms: int
    tuning: int
    verdict: int
    made: int
    seconds: Figure
    step: Figure
    processes: int

    def __str__(self) -> str:
        made = f", {self.made} of them made already" if self.made else ""
        runs = f"{self.tuning + self.verdict} runs ({self.tuning} to tune, {self.verdict} for the"
        at_once = "1 process" if self.processes == 1 else f"{self.processes} processes"
        value = self.seconds.value
        time = f"a time that is unknown ({self.seconds.reason})"
        if value is not None:
            step = human(self.step.bounds()[0], "s")
            time = f"about {human(value, 's')} on {at_once} (estimated from {step} a dense step)"
        return (
            f"{self.arms} arms, at most {runs} verdict{made}), {time}. Scores come on top, and "
            "restarts if any; arms that lose are dropped, and a target ends runs early."
        )


def forecast(
    arms: Sequence[Arm], terms: Terms, settings: Settings, task: Task, *, engine: object, made: int
) -> Forecast:
    """Forecast a race of these arms.

    Args:
        engine: its `workers` work at once on so many `threads` each, where it says so.
        made: runs that are on disk already.

    Cost: seven dense steps.
    """
    processes, threads = (getattr(engine, name, 1) for name in ("workers", "threads"))
    with threads_of_torch(threads):
        step = time_step(task)
    trials = _trials(terms)
    tuning = len(arms) * (sum(count for count, _ in trials) + (2 if terms.budget else 0))
    verdict = len(arms) * terms.seeds
    # of one arm, in whole runs
    whole = terms.seeds + sum(count * share for count, share in trials)
    left = 1 - min(1.0, made / (tuning + verdict))
    return Forecast(
        len(arms),
        tuning,
        verdict,
        made,
        _seconds(arms, terms, settings.steps or task.steps, step, whole * left / processes),
        step,
        processes,
    )


def _trials(terms: Terms) -> list[tuple[int, float]]:
    """Runs of an arm on each rung of its tuning, and how long each is beside a whole one."""
    counts, left = [], terms.trials
    for share in rungs(terms.trials):
        counts.append((left * terms.tuning_seeds, share))
        left = math.ceil(left / 2)
    return counts


def _seconds(arms: Sequence[Arm], terms: Terms, steps: int, step: Figure, whole: float) -> Figure:
    """Seconds of so many whole runs of each arm."""
    source = "runs × steps × seconds of a dense step"
    if terms.budget is None:
        lengths = math.fsum(arm.length * _trainings(arm) for arm in arms)
        times = Figure(whole * lengths * steps, "", label="estimated", source=source)
        return product([times, step], "s", source)
    if terms.budget.seconds is None:
        return unknown("s", "a budget of FLOPs sets the length of a run")
    value = whole * len(arms) * terms.budget.seconds
    return Figure(value, "s", label="estimated", source="runs × the budget of a run")


def _trainings(arm: Arm) -> int:
    """Trainings that one run of the arm is made of."""
    rounds = ROUTES[arm.route].way in (rewinding_rate, rewinding_weights)
    return 1 + len(densities(arm.density or 1.0)) if rounds else 1
