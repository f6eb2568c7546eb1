"""How many threads of torch a run takes.

More threads help only where a step is long: below that they wait for each other, and on a busy
machine for those that the system does not run, which made steps of the Game of Life nine times as
long. So each thread must have work: 100 MFLOP of a dense step, some two milliseconds of a core.
The rule looks at the step alone, so that a run that is made again, or taken up, gets the same.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from tenth.fit.seeds import borrowed_generators
from tenth.receipt.torch_probe import StepCounter
from tenth.task import Task

AUTO = "auto"
FLOPS_EACH = 1e8  # of a dense step, for each thread


@contextmanager
def threads_of_torch(count: int) -> Iterator[None]:
    """Sums are ordered by threads: as many as elsewhere give the same result as there."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def worthwhile(task: Task, model: nn.Module) -> int:
    """How many threads a step of `model` keeps busy, at most those that torch is set to.

    Cost: one batch, forward and backward, on a copy of the model.
    """
    most = torch.get_num_threads()
    if most == 1:
        return 1
    with borrowed_generators(), StepCounter(trial := copy.deepcopy(model).train()) as counter:
        task.call("loss", trial, task.first_batch()).backward()
    flops = counter.cost.forward + counter.cost.backward
    return min(most, max(1, int(flops / FLOPS_EACH)))


def threads_for(asked: int | str | None, task: Task, model: nn.Module) -> int:
    """The threads that a run is to have: those asked for, as in `Settings.threads`."""
    if asked == AUTO:
        return worthwhile(task, model)
    return torch.get_num_threads() if asked is None else int(asked)
