import pytest
import torch
from torch import nn

from tenth.errors import DivergedError, InputError
from tenth.sparsity import Pruner, Timetable
from tenth.sparsity.weights import (
    check_finite,
    held_dense,
    left_dense,
    plain,
    prunable,
    told_dense,
)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.head = nn.Linear(4, 5)
        self.second.weight = self.first.weight
        self.head.weight = self.embedding.weight


def test_linear_and_convolution_weights_only():
    net = nn.Sequential(
        nn.Conv1d(1, 2, 3), nn.Conv2d(1, 2, 3), nn.Conv3d(1, 2, 3), nn.BatchNorm2d(2),
        nn.ConvTranspose2d(2, 2, 3), nn.Embedding(3, 2), nn.LayerNorm(2), nn.Linear(2, 2),
    )  # fmt: skip
    found = prunable(net)
    assert list(found) == ["0.weight", "1.weight", "2.weight", "7.weight"]
    assert all(found[name] is dict(net.named_parameters())[name] for name in found)


def test_a_single_layer_is_a_model_too():
    assert list(prunable(nn.Linear(2, 2))) == ["weight"]


def test_tied_weights_are_handled_once_and_embeddings_never():
    assert list(prunable(Tied())) == ["first.weight"]


def test_a_shared_layer_is_handled_once():
    layer = nn.Linear(2, 2)
    assert list(prunable(nn.Sequential(layer, nn.ReLU(), layer))) == ["0.weight"]


def test_frozen_weights_are_left_out():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[0].weight.requires_grad_(False)
    assert list(prunable(net)) == ["1.weight"]


@pytest.mark.parametrize("exclude", ["0", "0.weight", ("0",), ["0.weight"]])
def test_excluded_by_weight_or_by_module(exclude):
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    assert list(prunable(net, exclude)) == ["1.weight"]


def test_a_tied_weight_is_excluded_by_any_of_its_names():
    assert list(prunable(Tied(), ["second"])) == []


def test_a_name_is_not_a_prefix_of_another():
    net = nn.Sequential(*(nn.Linear(1, 1) for _ in range(11)))
    assert "10.weight" in prunable(net, ["1"])


def test_an_unknown_name_is_refused_and_names_are_shown():
    with pytest.raises(InputError, match=r"Got 'fc'.*0\.weight"):
        prunable(nn.Sequential(nn.Linear(2, 2)), ["fc"])


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")  # torch's own, on construction
def test_a_lazy_layer_is_refused():
    with pytest.raises(InputError, match="Run one batch"):
        prunable(nn.Sequential(nn.LazyLinear(2)))


def test_a_parametrized_weight_is_no_parameter_and_left_out():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    assert prunable(nn.Sequential(layer)) == {}


def test_wrappers_are_looked_through():
    net = nn.Linear(2, 2)
    compiled = torch.compile(net, backend="eager")
    assert plain(compiled) is net
    assert list(prunable(compiled)) == ["weight"]


@pytest.mark.parametrize(
    ("channels", "density", "held"),
    [
        (4, 0.1, True),  # 36 of 36 + 10,000: below 1 %
        (20, 0.1, False),  # 180: above 1 %
        (20, 0.05, True),  # but at 0.05 it is held
        (20, 0.03, False),  # unless it takes more than half of what is kept
    ],
)
def test_when_the_first_convolution_is_held_dense(channels, density, held):
    net = nn.Sequential(nn.Conv2d(1, channels, 3), nn.Flatten(), nn.Linear(100, 100))
    found = held_dense(net, prunable(net), density)
    assert found == (frozenset({"0.weight"}) if held else frozenset())


def test_only_convolutions_are_held():
    net = nn.Sequential(nn.Linear(1, 2), nn.Linear(200, 200))
    assert held_dense(net, prunable(net), 0.1) == frozenset()


@pytest.mark.parametrize(("value", "got"), [(torch.nan, "NaN"), (torch.inf, "infinity")])
def test_what_is_not_finite_is_named(value, got):
    with pytest.raises(DivergedError, match=f"weight 'x' must be finite numbers. Got {got}. Stop."):
        check_finite(torch.tensor([1.0, value]), "weight 'x'", DivergedError, "Stop.")
    check_finite(torch.tensor([1.0, 3e38, 3e38]), "weight 'x'", DivergedError, "Stop.")


class Conv1D(nn.Module):
    """As transformers has it in GPT-2: a Linear whose weight lies transposed."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))


def test_what_is_never_pruned_is_counted_by_kind():
    net = nn.Sequential(Conv1D(8, 4), nn.LSTM(2, 3), Tied(), nn.LayerNorm(9))
    pruned = prunable(net).values()
    assert left_dense(net, pruned) == {"LSTM": 12 * 2 + 12 * 3, "Conv1D": 32, "Embedding": 20}
    assert told_dense(net, pruned) == (
        "Never pruned, beside biases and norms: 112 of 128 weights (87.5 %): "
        "LSTM 60, Conv1D 32, Embedding 20."
    )
    layer = nn.Linear(2, 2)
    assert told_dense(layer, prunable(layer).values()) == ""


def test_a_model_of_such_layers_alone_is_refused_by_their_name():
    net = nn.Sequential(Conv1D(8, 4))
    said = r"prunable weights\. Got none\. .* 32 of 32 weights \(100 %\): Conv1D 32"
    with pytest.raises(InputError, match=said):
        Pruner(net, torch.optim.Adam(net.parameters()), density=0.1, timetable=Timetable(9))
