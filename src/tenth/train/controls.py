"""Masks chosen before the first step, which then never move: controls, not ways to take."""

import copy
import dataclasses
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tenth.fit import Fitted
from tenth.fit.seeds import borrowed_generators, derive, reseed
from tenth.receipt import Meter
from tenth.receipt.torch_probe import StepCounter
from tenth.sparsity.lab import Problem, Scorer, shuffle
from tenth.train.job import Job, Way, whole


def masks_by(scorer: Scorer, *, shuffled: bool = False) -> Way:
    """The way that masks an untrained net by these scores, and trains what is left.

    Scores are taken on a copy, on the first batch of the first epoch; what that costs is a stage of
    the receipt. A run that is taken up scores again, as it checks its task again.

    Args:
        shuffled: each layer's mask is permuted before use, so that its density alone is left.
    """

    def way(job: Job) -> Fitted:
        plan = job.plan
        with (
            borrowed_generators(),
            Meter("score the masks", place=plan.place, into=job.stages) as meter,
        ):
            masks = _scored(job, scorer, meter)
            if shuffled:
                stream = torch.Generator().manual_seed(derive(plan.seed, "shuffle"))
                masks = shuffle(masks, stream)
        return whole(dataclasses.replace(job, plan=dataclasses.replace(plan, masks=masks)))

    return way


def _scored(job: Job, scorer: Scorer, meter: Meter) -> Mapping[str, Tensor]:
    seed, task = derive(job.plan.seed, "epoch"), job.task
    reseed(seed)
    batch = next(iter(task.epoch(seed)))

    def loss(model: nn.Module) -> Tensor:
        return task.call("loss", model, batch)

    trial = copy.deepcopy(job.model).train()
    with StepCounter(trial) as counter:
        problem = Problem(trial, loss, task.example, job.plan.density)
        masks = scorer(problem)
    meter.add_work(counter.cost.work())
    return masks
