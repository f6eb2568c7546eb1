"""The controls, against finite differences and brute force in float64."""

import copy
import math

import pytest
import torch
from torch import nn

from tenth.errors import InputError
from tenth.layouts import kept_count
from tenth.sparsity.lab import Problem, grasp, shuffle, snip, synflow

INPUTS = torch.randn(16, 4, generator=torch.Generator().manual_seed(1)).double()
SCORERS = {"snip": snip, "grasp": grasp, "synflow": synflow}


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)).double()


def loss(model):
    return model(INPUTS).square().mean()


def problem(model=None, density=0.5, **options):
    model = model or net()
    return Problem(model, options.get("loss", loss), options.get("example", (INPUTS,)), density)


def norm(model):
    """Half the squared norm of the gradient of the weights that may be removed."""
    gradients = torch.autograd.grad(loss(model), [model[0].weight, model[2].weight])
    return sum(float(g.square().sum()) for g in gradients) / 2


def slopes(function):
    """The derivative of a function of the net by each weight, by differences."""
    found = {}
    for name in ("0.weight", "2.weight"):
        flat = torch.zeros_like(net().get_parameter(name)).flatten()
        for place in range(flat.numel()):
            values = []
            for shift in (1e-5, -1e-5):
                moved = net()
                with torch.no_grad():
                    moved.get_parameter(name).view(-1)[place] += shift
                values.append(torch.as_tensor(function(moved)).item())
            flat[place] = (values[0] - values[1]) / 2e-5
        found[name] = flat.reshape(net().get_parameter(name).shape)
    return found


def best(scores, count):
    flat = torch.cat([values.flatten() for values in scores.values()])
    least = flat.sort(descending=True).values[count - 1]
    return {name: values >= least for name, values in scores.items()}


@pytest.mark.parametrize("name", SCORERS)
@pytest.mark.parametrize("density", [0.2, 0.5])
def test_a_control_keeps_what_was_asked_and_changes_nothing(name, density):
    model = net()
    before = copy.deepcopy(model.state_dict())
    masks = SCORERS[name](problem(model, density))
    assert sum(int(mask.sum()) for mask in masks.values()) == kept_count(36, density)
    assert all(bool(mask.any()) for mask in masks.values())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_snip_by_differences():
    weights = dict(net().named_parameters())
    scores = {name: (weights[name] * s).detach().abs() for name, s in slopes(loss).items()}
    masks = snip(problem())
    assert all(torch.equal(masks[name], mask) for name, mask in best(scores, 18).items())


def test_grasp_by_differences():
    weights = dict(net().named_parameters())
    scores = {name: (weights[name] * s).detach() for name, s in slopes(norm).items()}
    masks = grasp(problem())
    assert all(torch.equal(masks[name], mask) for name, mask in best(scores, 18).items())


def test_synflow_conserves_the_flow_and_follows_single_paths():
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, -2.0], [0.5, 4.0]]))
        model[1].weight.copy_(torch.tensor([[3.0, -1.0]]))
    # paths 1·3, 2·3, 0.5·1, 4·1: the second layer carries 9 and 4.5
    masks = synflow(problem(model, 0.34, example=(torch.zeros(1, 2),)))
    assert masks["0.weight"].tolist() == [[False, True], [False, False]]
    assert masks["1.weight"].tolist() == [[True, False]]


def test_scores_that_say_nothing_are_refused():
    for scorer in (snip, grasp):
        with pytest.raises(InputError, match="other than 0 somewhere"):
            scorer(problem(loss=lambda model: model(INPUTS * 0).sum() * 0))
    with pytest.raises(InputError, match="must be finite numbers"):
        snip(problem(loss=lambda model: model(INPUTS).sum() * math.inf))
    with pytest.raises(InputError, match="tensor of floating numbers"):
        synflow(problem(nn.Sequential(nn.Linear(4, 2), Words()).double()))


class Words(nn.Module):
    def forward(self, given):
        return ["no", "numbers"]


def test_a_shuffle_keeps_the_counts():
    masks = {"a": torch.arange(12).reshape(3, 4) < 5, "b": torch.ones(2, 2, dtype=torch.bool)}
    shuffled = shuffle(masks, torch.Generator().manual_seed(0))
    assert {n: int(m.sum()) for n, m in shuffled.items()} == {"a": 5, "b": 4}
    assert not torch.equal(shuffled["a"], masks["a"])
    assert torch.equal(shuffle(masks, torch.Generator().manual_seed(0))["a"], shuffled["a"])
