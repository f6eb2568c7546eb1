import torch
from torch import nn

from tenth.fit.average import Average


def model_of(*values):
    model = nn.Linear(2, 1)
    fill(model, *values)
    return model


@torch.no_grad()
def fill(model, *values):
    model.weight.copy_(torch.tensor([values[:2]]))
    model.bias.fill_(values[2])


def test_the_average_by_hand():
    model = model_of(0.0, 8.0, 4.0)
    average = Average(model, decay=0.75)
    fill(model, 4.0, 0.0, 4.0)
    average.update({})
    assert average.weights["weight"].tolist() == [[1.0, 6.0]]
    average.update({})
    assert average.weights["weight"].tolist() == [[1.75, 4.5]]
    assert average.weights["bias"].tolist() == [4.0]


def test_a_removed_weight_is_zero_at_once():
    model = model_of(8.0, 8.0, 8.0)
    average = Average(model, decay=0.999)
    fill(model, 0.0, 8.0, 8.0)
    average.update({"weight": torch.tensor([[False, True]])})
    assert average.weights["weight"].tolist() == [[0.0, 8.0]]


def test_the_model_holds_the_average_inside_the_block_only():
    model = model_of(2.0, 2.0, 2.0)
    average = Average(model, decay=0.5)
    fill(model, 4.0, 4.0, 4.0)
    average.update({})
    try:
        with average.in_place():
            assert model.weight.tolist() == [[3.0, 3.0]]
            raise ValueError
    except ValueError:
        assert model.weight.tolist() == [[4.0, 4.0]]
    average.keep()
    assert model.weight.tolist() == [[3.0, 3.0]]
    assert model.bias.tolist() == [3.0]
