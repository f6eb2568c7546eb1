"""How many steps a run of each arm makes: the task's, or what a budget pays for."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from tenth.errors import InputError, must
from tenth.figures import human
from tenth.fit import Settings
from tenth.task import Task
from tenth.train.race.arms import Arm
from tenth.train.race.jobs import Ended, Job
from tenth.train.race.terms import Terms, stretched

_SHARE = 1 / 20  # of a run, to find out what its steps cost
_LEAST_STEPS = 50

Do = Callable[[Sequence[Job]], list[Ended]]


def lengths(
    arms: Sequence[Arm], terms: Terms, settings: Settings, task: Task, do: Do
) -> dict[str, Settings]:
    """The settings of a whole run of each arm.

    With a budget, each arm makes two short runs, one twice as long as the other: their difference
    is what steps cost, and the rest is what a run costs besides. Those runs are paid for like all
    others. Arms that fail in them are left out.

    Raises:
        InputError: the budget does not pay for a run.
    """
    if terms.budget is None:
        return {arm.name: stretched(settings, task, arm.length) for arm in arms}
    steps = settings.steps or task.steps
    short = max(_LEAST_STEPS, round(steps * _SHARE))
    jobs = [
        _measuring(arm, terms, stretched(settings, task, many * short / steps))
        for arm in arms
        for many in (1, 2)
    ]
    ended = do(jobs)
    pairs = zip(arms, ended[::2], ended[1::2], strict=True)
    return {
        arm.name: stretched(settings, task, _affordable(arm, terms, one, two) / steps)
        for arm, one, two in pairs
        if one.best is not None and two.best is not None
    }


def _measuring(arm: Arm, terms: Terms, settings: Settings) -> Job:
    # without a target: a run that stops early says less
    endless = replace(settings, target=math.inf)
    return Job(arm, "measure", terms.measure_seed, 1.0, endless)


def _affordable(arm: Arm, terms: Terms, one: Ended, two: Ended) -> int:
    """The most steps within every limit of the budget."""
    assert terms.budget is not None
    most = math.inf
    for key, limit in terms.budget.limits().items():
        first, second = (ended.cost.figures[key].bounds()[0] for ended in (one, two))
        # a clock may err so much that a longer run looks no dearer
        a_step = max((second - first) / (two.steps - one.steps), second / two.steps / 4)
        besides = max(0.0, first - a_step * one.steps)
        steps = (limit - besides) / a_step
        if steps < 1:
            unit = two.cost.figures[key].unit
            least = human(besides + a_step, unit)
            rule = f"at least what one step of {arm.name!r} costs, {least}"
            raise InputError(must("budget of a run", rule, human(limit, unit)))
        most = min(most, steps)
    return math.floor(most)
