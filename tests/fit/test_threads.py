"""A run takes as many threads as its steps keep busy, or as it is told."""

import pytest
import torch
from torch import nn

import tiny
from tenth.errors import InputError, TaskError
from tenth.fit.threads import FLOPS_EACH, threads_for, threads_of_torch, worthwhile
from tenth.train import Settings, run


def wide(width):
    """A task of one product: 4 FLOPs for each weight and each of 20 examples."""
    return tiny.task(
        model=lambda: nn.Linear(6, width),
        loss=lambda model, batch: model(batch[0]).square().mean(),
        small=None,
        score=lambda model, split: 0.0,
    )


@pytest.mark.parametrize(
    ("share", "threads"), [(0.01, 1), (0.5, 1), (1.2, 1), (2.1, 2), (3.5, 3), (40.0, 4)]
)
def test_each_thread_has_its_part_of_a_step(share, threads):
    task = wide(round(share * FLOPS_EACH / (4 * 6 * 20)))
    with threads_of_torch(4):
        assert worthwhile(task, task.model()) == threads
        assert torch.get_num_threads() == 4


def test_the_choice_leaves_generators_and_model_alone():
    with threads_of_torch(3):
        model = tiny.build()
        before = {name: value.clone() for name, value in model.state_dict().items()}
        state = torch.get_rng_state()
        assert worthwhile(tiny.task(), model) == 1
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_is_asked_for_is_had():
    task = tiny.task()
    with threads_of_torch(3):
        given = [threads_for(asked, task, tiny.build()) for asked in (None, "auto", 2, 5)]
    assert given == [3, 1, 2, 5]


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "all"])
def test_threads_that_cannot_be(threads):
    with pytest.raises(InputError, match='threads must be a whole number of at least 1, or "auto"'):
        Settings(threads=threads)


def test_a_run_has_its_threads_tells_them_and_gives_them_back(tmp_path):
    seen = []

    def loss(model, batch):
        seen.append(torch.get_num_threads())
        return tiny.loss(model, batch)

    with threads_of_torch(2):
        for threads, steps in ((1, 3), ("auto", 4), (3, 5), (None, 6)):
            seen.clear()
            settings = Settings(steps=steps, threads=threads)
            result = run(tiny.task(loss=loss), settings=settings, out=tmp_path / str(steps))
            wanted = {1: 1, "auto": 1, 3: 3, None: 2}[threads]
            assert seen[-steps:] == [wanted] * steps
            assert result.receipt.stages[-1].notes["threads"] == wanted
            assert torch.get_num_threads() == 2


def test_a_task_that_fails_is_said_and_threads_are_as_before():
    def loss(model, batch):
        raise RuntimeError("no luck")

    with threads_of_torch(2), pytest.raises(TaskError, match="no luck"):
        worthwhile(tiny.task(loss=loss), tiny.build())
