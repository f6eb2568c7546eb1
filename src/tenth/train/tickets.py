"""Early-bird tickets: dense training until its best channels no longer change, then those alone."""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from tenth.fit import Fitted
from tenth.receipt import Meter
from tenth.receipt.torch_probe import StepCounter
from tenth.sparsity import STATIC, channels
from tenth.sparsity.channels import Channels
from tenth.train.job import Job

DISTANCE = 0.1  # below which masks count as equal
LOOKS = 5  # so many distances in a row, all below


class Settling:
    """Watches which channels of a net are the best, and whether they still change.

    Source: You et al. 2020, arXiv:1909.11957.
    """

    def __init__(self, found: tuple[Channels, ...], count: int, every: int) -> None:
        self.every = every
        self._channels, self._count = found, count
        self._last: Tensor | None = None
        self._distances: list[float] = []

    def enough(self, model: nn.Module) -> bool:
        """Whether the last five distances are all below 0.1: the share of channels that changed."""
        chosen = channels.best(channels.scores(model, self._channels), self._count)
        mask = torch.cat(list(chosen.values()))
        if self._last is not None:
            distance = float((mask != self._last).double().mean())
            self._distances = [*self._distances, distance][-LOOKS:]
        self._last = mask
        return len(self._distances) == LOOKS and max(self._distances) < DISTANCE

    def state_dict(self) -> dict[str, Any]:
        """The last choice and the last distances."""
        return {"last": self._last, "distances": list(self._distances)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self._last, self._distances = state["last"], list(state["distances"])


@contextmanager
def _charged(job: Job, name: str) -> Iterator[None]:
    """The block passes examples through copies of the model: a stage, with the FLOPs it took."""
    with Meter(name, place=job.plan.place, into=job.stages) as meter:
        with StepCounter(nn.Identity()) as counter:
            yield
        meter.add_work(counter.cost.work())


def early_bird(job: Job) -> Fitted:
    """Train dense, draw the channels to keep, train on with these alone.

    What is kept keeps its values, and the learning rate goes on. Channels that have not settled by
    half of the steps are drawn there.

    What belongs to a channel is found by passes of the example, before and after the search; they
    are two stages of the receipt, made anew by a run that is taken up. A look in between ranks
    numbers that the net has, and passes no example: it costs time, which the stage around it holds,
    but no FLOPs, of which products alone are counted.

    Raises:
        InputError: the model has no channels to remove, or whole channels cannot be so few.
        As `fit`.

    Cost: dense steps until the channels settle, six looks at least; then steps at the density.
    Source: You et al. 2020, arXiv:1909.11957.
    """
    plan, example = job.plan, job.task.example
    with _charged(job, "find the channels"):
        found = channels.find(job.model, example)
        count = channels.most(job.model, example, found, plan.density)
    search = dataclasses.replace(
        plan,
        pace=dataclasses.replace(plan.pace, target=None),
        method=None,
        density=1.0,
        rescale=False,
        end=max(1, plan.pace.steps // 2),
        watch=Settling(found, count, plan.pace.mask_every),
    )
    drawn = job.part("find the ticket", search).steps
    with _charged(job, "draw the ticket"):
        most = channels.most(job.model, example, found, plan.density)
        kept = channels.best(channels.scores(job.model, found), most)
        masks = channels.masks(job.model, example, found, kept)
    ticket = dataclasses.replace(plan, method=STATIC, masks=masks, rescale=False, begin=drawn)
    return job.part("train the ticket", ticket)
