"""Each task of examples/ is right, learns, and repeats itself."""

import pytest
import torch

from tenth.fit.bill import shape_of
from tenth.sparsity import prunable
from tenth.task import load
from tenth.train import Settings, run

TASKS = ["mnist_1d", "mnist_1d_conv"]


@pytest.fixture(scope="module", params=TASKS)
def task(request):
    return load(f"examples/{request.param}.py")


def test_the_task_is_right(task):
    task.check()


def test_an_epoch_depends_on_its_seed_alone(task):
    first, again, other = (task.first_batch(seed) for seed in (1, 1, 2))
    assert shape_of(first) == shape_of(other)
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))
    assert not all(torch.equal(*pair) for pair in zip(first, other, strict=True))


def test_the_small_net_is_the_widest_that_fits(task):
    def count(model):
        return sum(weight.numel() for weight in prunable(model).values())

    allowed = count(task.model()) // 10
    assert 0.7 * allowed < count(task.small(allowed)) <= allowed


def test_some_steps_reduce_the_loss(task):
    result = run(task, settings=Settings(steps=40, check_every=10, lr_schedule="constant"))
    assert result.history[-1].loss < 0.97 * result.history[0].loss
