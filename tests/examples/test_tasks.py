"""Each task of examples/ is right, learns, and repeats itself."""

from dataclasses import replace

import pytest
import torch

from tenth.fit.bill import shape_of
from tenth.sparsity import prunable
from tenth.task import load
from tenth.train import Settings, run

STEPS = {"mnist_1d": 40, "mnist_1d_conv": 40, "char_lm": 12, "glyphs": 16}


@pytest.fixture(scope="module", params=STEPS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def task(name):
    return load(f"examples/{name}.py")


def test_the_task_is_right(task):
    task.check()


def test_an_epoch_depends_on_its_seed_alone(task):
    first, again, other = (task.first_batch(seed) for seed in (1, 1, 2))
    assert shape_of(first) == shape_of(other)
    assert same(first, again)
    assert not same(first, other)


def same(one, other):
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


def test_the_small_net_is_the_widest_that_fits(task):
    def count(model):
        return sum(weight.numel() for weight in prunable(model).values())

    allowed = count(task.model()) // 10
    assert 0.7 * allowed < count(task.small(allowed)) <= allowed


def test_some_steps_reduce_the_loss(task, name):
    steps = STEPS[name]
    task = replace(task, score=lambda model, split: 0.0)
    result = run(
        task, settings=Settings(steps=steps, check_every=steps // 4, lr_schedule="constant")
    )
    assert result.history[-1].loss < result.history[0].loss
