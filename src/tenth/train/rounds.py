"""Lottery tickets: whole trainings, one after the other, each with a fifth fewer weights.

    dense training -> keep 80 % -> rewind -> train -> keep 80 % of those -> rewind -> ... -> density

What is rewound tells the two ways apart: the weights, to what they were at an early step; or the
learning rate alone, to its beginning. A tenth of the weights takes 11 rounds, 12 trainings.
"""

import dataclasses
import math
from collections.abc import Mapping

import torch
from torch import Tensor

from tenth.fit import Fitted, Plan
from tenth.sparsity import ONE_SHOT, STATIC, prunable
from tenth.sparsity.looks import Look
from tenth.sparsity.weights import held_dense
from tenth.train.job import Job

KEPT = 0.8  # of the weights left, a round: 20 % go, arXiv:1803.03635
REWIND = 0.03  # share of the steps: iteration 2000 of 63,000 for ResNet-20, arXiv:1912.05671


def densities(density: float) -> list[float]:
    """What each round keeps: a fifth fewer each time, and exactly `density` in the last.

    >>> [round(kept, 3) for kept in densities(0.5)]
    [0.8, 0.64, 0.512, 0.5]
    """
    rounds = max(1, math.ceil(math.log(density) / math.log(KEPT) - 1e-9))
    return [KEPT**number for number in range(1, rounds)] + [density]


def rewinding_weights(job: Job) -> Fitted:
    """Prune by rounds; what is kept goes back to its values at an early step.

    Each training begins there with a fresh optimizer, the first one too.

    Raises:
        As `fit`.

    Cost: a training of the remaining steps for each density, the dense one included.
    Source: Frankle & Carbin 2018, arXiv:1803.03635; rewinding to an early step: Frankle et al.
    2019, arXiv:1912.05671.
    """
    steps = job.plan.pace.steps
    begin = min(steps - 1, max(1, round(REWIND * steps)))
    job.planned = begin + (len(densities(job.plan.density)) + 1) * (steps - begin)
    if begin:
        job.part("early", dataclasses.replace(_dense(job.plan), end=begin))
    early = {name: value.clone() for name, value in job.model.state_dict().items()}
    return _rounds(job, begin, early)


def rewinding_rate(job: Job) -> Fitted:
    """Prune by rounds; what is kept keeps its values, and the learning rate begins again.

    Raises:
        As `fit`.

    Cost: a whole training for each density, the dense one included.
    Source: Renda et al. 2020, arXiv:2003.02389.
    """
    job.planned = (len(densities(job.plan.density)) + 1) * job.plan.pace.steps
    return _rounds(job, 0, None)


def _dense(plan: Plan) -> Plan:
    """All weights, to the end, whatever the score: targets are for the last round."""
    pace = dataclasses.replace(plan.pace, target=None)
    return dataclasses.replace(plan, pace=pace, method=None, density=1.0, rescale=False)


def _rounds(job: Job, begin: int, early: Mapping[str, Tensor] | None) -> Fitted:
    wanted = densities(job.plan.density)
    dense = dataclasses.replace(_dense(job.plan), begin=begin)
    fitted = job.part("round 0, dense", dense)
    masks = {n: torch.ones_like(w, dtype=torch.bool) for n, w in prunable(job.model).items()}
    for number, density in enumerate(wanted, start=1):
        masks = _smaller(job, masks, density)
        if early is not None:
            job.model.load_state_dict(early)
        pace = job.plan.pace if number == len(wanted) else dense.pace
        plan = dataclasses.replace(dense, pace=pace, method=STATIC, density=density, masks=masks)
        fitted = job.part(f"round {number} of {len(wanted)}, density {density:.3g}", plan)
    return fitted


def _smaller(job: Job, masks: dict[str, Tensor], density: float) -> dict[str, Tensor]:
    """The masks of the largest weights of the whole net, among those that are left."""
    weights = prunable(job.model)
    held = held_dense(job.model, weights, job.plan.density)
    with torch.no_grad():
        return Look(ONE_SHOT, weights, masks, held, torch.Generator()).chosen(density, None)[0]
