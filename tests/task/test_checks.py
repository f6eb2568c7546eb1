import math
import re

import pytest
import torch
from torch import nn

import tiny
from tenth.errors import TaskError
from tenth.task import non_finite_weight
from tenth.task.shapes import SHAPES


def poisoned():
    model = tiny.build()
    with torch.no_grad():
        model[4].weight[0, 0] = math.nan
    return model


def frozen():
    return tiny.build().requires_grad_(False)


def raising_late(seed):
    raise RuntimeError("no luck in a generator")
    yield


def raising(*arguments):
    raise RuntimeError("out of luck\nand more lines")


WRONG = {
    "name empty": ({"name": ""}, "name", "a text"),
    "model no function": ({"model": 3}, "model", "a function. Got int 3"),
    "model no module": ({"model": lambda: 3}, "model", "gives an nn.Module. Got int 3"),
    "model raises": ({"model": raising}, "model", "raised RuntimeError: out of luck"),
    "model NaN": ({"model": poisoned}, "model", "NaN or infinity in '4.weight'"),
    "model frozen": ({"model": frozen}, "model", "weights to train"),
    "batches no function": ({"batches": [1]}, "batches", "a function"),
    "batches None": ({"batches": lambda seed: None}, "batches", "iterable of batches. Got None"),
    "batches empty": ({"batches": lambda seed: []}, "batches", "at least one batch"),
    "batches raises": ({"batches": raising}, "batches", "out of luck"),
    "batches raise late": ({"batches": raising_late}, "batches", "no luck in a generator"),
    "loss None": ({"loss": lambda model, batch: None}, "loss", "Got None"),
    "loss vector": ({"loss": lambda m, b: m(b[0]).sum(1)}, "loss", r"a tensor of shape \(20,\)"),
    "loss detached": ({"loss": lambda m, b: m(b[0]).sum().detach()}, "loss", "without a gradient"),
    "loss NaN": ({"loss": lambda m, b: m(b[0]).sum() * math.nan}, "loss", "Got nan"),
    "loss raises": ({"loss": raising}, "loss", "out of luck"),
    "score NaN": ({"score": lambda model, split: math.nan}, "score", "Got nan for 'val'"),
    "score None": ({"score": lambda model, split: None}, "score", "one number. Got None"),
    "score vector": ({"score": lambda m, s: torch.zeros(2)}, "score", "one number"),
    "score raises": ({"score": raising}, "score", "out of luck"),
    "example list": ({"example": [torch.zeros(1, 6)]}, "example", "a tuple of tensors"),
    "example empty": ({"example": ()}, "example", "a tuple of tensors"),
    "example numbers": ({"example": (1.0,)}, "example", "a tuple of tensors"),
    "example shape": ({"example": (torch.zeros(1, 5),)}, "example", r"for shapes \(1, 5\)"),
    "optimizer": ({"optimizer": lambda parameters: None}, "optimizer", "a torch optimizer"),
    "small no function": ({"small": 3}, "small", "a function or None"),
    "small no module": ({"small": lambda weights: None}, "small", "an nn.Module"),
    "small too large": ({"small": lambda weights: tiny.build()}, "small", "at most the 21 weights"),
    "steps": ({"steps": 0}, "steps", "at least 1"),
    "target": ({"target": math.nan}, "target", "finite"),
    "target too high": ({"target": 2.0, "best": 1.0}, "target", "at most 1, .* Got 2"),
    "best": ({"best": math.inf}, "best", "a finite number or None"),
    "best too low": ({"best": -1.0}, "best", "the highest score"),
    "score raises on test": (
        {"score": lambda m, split: tiny.score(m, {"val": "val"}[split])},
        "score",
        r"on 'test' would fail after the training\. task\.score raised KeyError: 'test'",
    ),
    "score NaN on test": (
        {"score": lambda m, split: 0.0 if split == "val" else math.nan},
        "score",
        "Got nan for 'test'",
    ),
    "score on test of other shapes": (
        {"score": lambda m, split: m(torch.zeros(4, 6 if split == "val" else 5)).sum().item()},
        "score",
        "on 'test' would fail after the training",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_part_is_named_and_a_right_one_shown(case):
    change, part, words = WRONG[case]
    with pytest.raises(TaskError, match=words) as caught:
        tiny.task(**change).check()
    assert f"task.{part}" in str(caught.value)
    assert SHAPES[part] in str(caught.value)


def test_of_the_test_score_only_what_may_differ_is_tried():
    seen = []

    class Net(nn.Sequential):
        def forward(self, given):
            seen.append(tuple(given.shape))
            return super().forward(given)

    def score(model, split):
        try:
            for size in (4, 3) if split == "val" else (9, 8, 7):
                model(torch.zeros(size, 6))
        except Exception:  # it must not be held by the user's own handling
            return 0.0
        return 1.0

    tiny.task(model=lambda: Net(*tiny.build()), score=score, small=None).check()
    assert seen[-2:] == [(4, 6), (3, 6)]


def test_a_test_split_of_other_shapes_is_tried_once_and_hooks_are_gone():
    passes, models = [], []

    def model():
        models.append(nn.Sequential(nn.Conv1d(1, 2, 1), nn.Flatten(), nn.LazyLinear(3)))
        models[-1](torch.zeros(2, 1, 6))
        return models[-1]

    def score(model, split):
        for _ in range(3):
            passes.append(split)
            model(torch.zeros(2, 1, 6))
            model[0](torch.zeros(2, 1, 9 if split == "test" else 6))
        return 0.0

    def loss(model, batch):
        return model(batch[0][:, None]).sum()

    example = (torch.zeros(1, 1, 6),)
    tiny.task(model=model, loss=loss, score=score, small=None, example=example).check()
    assert passes == ["val"] * 3 + ["test"]
    assert not any(
        part._forward_hooks or part._forward_pre_hooks for net in models for part in net.modules()
    )


def test_an_error_in_a_part_says_the_line():
    with pytest.raises(TaskError, match=rf"{re.escape(__file__)}:\d+"):
        tiny.task(loss=raising).check()


def test_a_right_task_passes_and_leaves_the_generator_alone():
    state = torch.get_rng_state()
    tiny.task().check()
    tiny.task(small=None, target=0.9).check()
    assert torch.equal(torch.get_rng_state(), state)


def test_a_weight_that_is_no_number_is_found_in_buffers_too():
    assert non_finite_weight(tiny.build()) is None
    model = tiny.build()
    model[1].running_var[3] = math.inf
    assert non_finite_weight(model) == "1.running_var"
    assert non_finite_weight(nn.Embedding(3, 2)) is None
