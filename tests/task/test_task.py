import numpy as np
import pytest
import torch
from torch import nn

import tiny
from tenth import Task
from tenth.errors import TaskError
from tenth.task.task import adam


def test_the_graph_of_a_task_computes_what_its_model_does():
    model = tiny.build().eval()
    graph = tiny.task().graph(model)
    assert next(value.shape for value in graph.inputs)[1] == 6
    (weight,) = [c for c in graph.constants.values() if c.shape == (3, 24)]
    np.testing.assert_allclose(weight, model[4].weight.detach().numpy())
    assert tiny.task().graph().nodes


@pytest.mark.parametrize(
    ("batch", "count"),
    [
        (torch.zeros(7, 2), 7),
        ((torch.zeros(5, 2), torch.zeros(4)), 5),
        ({"words": "w", "ids": torch.zeros(3)}, 3),
        (["name", [torch.zeros(2, 2)]], 2),
    ],
)
def test_a_step_sees_the_examples_of_the_first_tensor(batch, count):
    assert tiny.task(batches=lambda seed: [batch]).examples_per_step() == count


@pytest.mark.parametrize("batch", ["text", (), torch.tensor(3.0)])
def test_batches_without_an_axis_of_examples_are_refused(batch):
    with pytest.raises(TaskError, match="axis 0 counts examples"):
        tiny.task(batches=lambda seed: [batch]).examples_per_step()


def test_a_score_is_read_in_evaluation_mode_without_gradients():
    seen = {}

    def score(model, split):
        seen.update(training=model.training, gradients=torch.is_grad_enabled(), split=split)
        return np.float64(0.5)

    model = tiny.build().train()
    assert tiny.task(score=score).read_score(model, "test") == 0.5
    assert seen == {"training": False, "gradients": False, "split": "test"}
    assert model.training
    assert not tiny.task().read_score(model.eval(), "val") > 1
    assert not model.training


def test_a_task_needs_no_optimizer_of_its_own():
    assert Task.__dataclass_fields__["optimizer"].default is adam
    assert adam(nn.Linear(2, 2).parameters()).defaults["lr"] == 1e-3
