"""Choosing each arm's learning rate by successive halving, on "val" and on seeds of its own.

All of an arm's scales make a short run; the better half makes one twice as long, and so on: the
last two meet at half the length. Every arm makes the same number of trials of the same lengths.

A rung is a *complete* shorter run, with its own learning-rate schedule, ramp of density and rest of
the masks, not a long run looked at early. Halfway through a long one the rate is still high and the
masks are not yet those of the end, so that a look would favour small rates and dense nets; and a
run that was meant to be short cannot go on as a long one. What an unfinished run on a machine has
done is never lost for that: it goes on from its checkpoint.

Source: Jamieson & Talwalkar 2015, arXiv:1502.07943; Li et al. 2016, arXiv:1603.06560.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tenth.fit import Settings
from tenth.task import Task
from tenth.train.race.arms import Arm
from tenth.train.race.jobs import COSTS, Ended, Job
from tenth.train.race.lengths import Do
from tenth.train.race.terms import Terms, stretched


def rungs(trials: int) -> list[float]:
    """Length of the runs of each rung, as a share of a whole run.

    >>> rungs(4), rungs(1)
    ([0.25, 0.5], [])
    """
    count = math.ceil(math.log2(trials))
    return [0.5**rung for rung in range(count, 0, -1)]


def tune(
    arms: Sequence[Arm], whole: Mapping[str, Settings], terms: Terms, task: Task, do: Do
) -> dict[str, float]:
    """The scale of each arm; arms of which no trial gave a net are left out.

    Args:
        whole: settings of each arm's whole run; arms without are left out.
    """
    left = {arm.name: list(arm.scales) for arm in arms if arm.name in whole}
    for share in rungs(terms.trials):
        jobs = [
            trial(arm, scale, seed, stretched(whole[arm.name], task, share))
            for seed in terms.trial_seeds()
            for arm in arms
            for scale in left.get(arm.name, [])
        ]
        ended = do(jobs)
        for name in list(left):
            mine = [one for one in ended if one.arm == name]
            merits = {scale: merit(of(mine, scale), terms.target) for scale in left[name]}
            ranked = sorted(merits, key=merits.__getitem__, reverse=True)
            alive = [scale for scale in ranked if any(one.best for one in of(mine, scale))]
            left[name] = alive[: math.ceil(len(left[name]) / 2)]
            if not alive:
                del left[name]
    return {name: scales[0] for name, scales in left.items()}


def trial(arm: Arm, scale: float, seed: int, settings: Settings) -> Job:
    """A run of one scale, made once: what fails in a trial has failed."""
    return Job(arm, "tune", seed, scale, scaled(settings, scale))


def scaled(settings: Settings, scale: float) -> Settings:
    """The same run at another learning rate."""
    return replace(settings, lr_scale=settings.lr_scale * scale)


def of(ended: Sequence[Ended], scale: float) -> list[Ended]:
    """Those of one scale."""
    return [one for one in ended if one.scale == scale]


def merit(ended: Sequence[Ended], target: float | None) -> tuple[float, ...]:
    """How good the runs of a scale are, more is better: those that gave a net, then score, cost.

    Where some of them reached the target, what one such run costs, missed ones included, comes
    before the score. Cost is in counted FLOPs, so that every engine chooses alike.
    """
    nets = [one.best for one in ended if one.best is not None]
    reached = sum(net.reached for net in nets) if target is not None else 0
    cost = math.fsum(one.cost.figures[COSTS["flops"]].value or 0.0 for one in ended)
    score = math.fsum(net.score or 0.0 for net in nets) / max(1, len(nets))
    return (len(nets), -cost / reached if reached else -math.inf, score, -cost)
