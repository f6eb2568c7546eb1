from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from tenth.receipt.step import LayerCost
from tenth.receipt.torch_probe import StepCounter
from tenth.sparsity.sparse import SparseLinear, Times, convert


def step_cost(model, given, loss=torch.sum):
    with StepCounter(model) as counter:
        loss(model(given)).backward()
    return counter.cost


def flop_counter_total(model, given):
    with FlopCounterMode(display=False) as counter:
        model(given).sum().backward()
    return counter.get_total_flops()


def perceptron():
    return nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))


def test_a_perceptron_by_hand():
    cost = step_cost(perceptron(), torch.ones(4, 5))
    first, second = 2 * 4 * 5 * 7, 2 * 4 * 7 * 3
    assert cost.forward == first + second
    # no gradient flows into the data
    assert cost.backward == first + 2 * second
    assert cost.layers == {
        "0.weight": LayerCost(35, first, first, 0),
        "2.weight": LayerCost(21, second, second, second),
    }


def test_data_that_wants_a_gradient_costs_one_more_product():
    given = torch.ones(4, 5, requires_grad=True)
    cost = step_cost(perceptron(), given)
    assert cost.layers["0.weight"].input_gradient == 2 * 4 * 5 * 7
    assert cost.backward == 2 * cost.forward


@pytest.mark.parametrize(
    ("layer", "shape", "forward"),
    [
        (nn.Conv1d(4, 6, 3), (2, 4, 10), 2 * 2 * 6 * 8 * 4 * 3),
        (nn.Conv2d(4, 6, 3, padding=1), (2, 4, 5, 7), 2 * 2 * 6 * 35 * 4 * 9),
        (nn.Conv2d(4, 8, 3, groups=2), (1, 4, 5, 5), 2 * 8 * 9 * 2 * 9),
        (nn.Conv2d(4, 4, 3, groups=4, stride=2), (1, 4, 9, 9), 2 * 4 * 16 * 9),
        (nn.Conv2d(2, 3, 3, dilation=2), (1, 2, 9, 9), 2 * 3 * 25 * 2 * 9),
        (nn.Conv3d(2, 3, 2), (1, 2, 4, 4, 4), 2 * 3 * 27 * 2 * 8),
        (nn.Linear(5, 7), (2, 3, 5), 2 * 6 * 35),
    ],
)
def test_layers_by_closed_form(layer, shape, forward):
    cost = step_cost(layer, torch.ones(shape))
    assert cost.forward == cost.layers["weight"].forward == forward
    assert cost.backward == cost.layers["weight"].weight_gradient == forward


@pytest.mark.parametrize("hidden", [(), (6,), (6, 8)])
def test_the_total_is_what_torch_counts_where_torch_is_right(hidden):
    widths = (3, *hidden, 4)
    model = nn.Sequential(
        *(
            m
            for a, b in pairwise(widths)
            for m in (nn.Conv2d(a, b, 3), nn.BatchNorm2d(b), nn.ReLU())
        )
    )
    given = torch.rand(2, 3, 12, 12)
    cost = step_cost(model, given)
    assert cost.forward + cost.backward == flop_counter_total(model, given)


def encoder_forward(batch, length, width, feed):
    projections = 4 * 2 * batch * length * width**2
    attention = 4 * batch * length**2 * width
    return projections + attention + 2 * 2 * batch * length * width * feed


@pytest.mark.parametrize("train", [True, False])
def test_attention_on_a_cpu_is_counted(train):
    batch, length, width, feed = 2, 32, 16, 24
    model = nn.TransformerEncoderLayer(width, 4, feed, dropout=0.0, batch_first=True).train(train)
    with torch.set_grad_enabled(train), StepCounter(model) as counter:
        model(torch.rand(batch, length, width))
    assert counter.cost.forward == encoder_forward(batch, length, width, feed)


def test_attention_backward_is_two_and_a_half_times_its_forward():
    query, key, value = (torch.rand(2, 4, 16, 8, requires_grad=True) for _ in range(3))
    with StepCounter(nn.Linear(1, 1)) as counter:
        functional.scaled_dot_product_attention(query, key, value).sum().backward()
    assert counter.cost.forward == 4 * 2 * 4 * 16 * 16 * 8
    assert counter.cost.backward == 2.5 * counter.cost.forward


def test_products_with_a_vector_are_counted():
    matrix, vector = torch.rand(6, 5), torch.rand(5)
    with StepCounter(nn.Linear(1, 1)) as counter:
        torch.mv(matrix, vector)
        torch.dot(vector, vector)
    assert counter.cost.forward == 2 * 30 + 2 * 5


def test_inference_is_counted_too():
    with torch.inference_mode(), StepCounter(model := perceptron()) as counter:
        model(torch.ones(1, 5))
    assert counter.cost.forward == 2 * (35 + 21)
    assert counter.cost.backward == 0
    assert all(layer.backward == 0 for layer in counter.cost.layers.values())


def test_what_has_no_formula_is_named():
    model = nn.LSTM(3, 4)
    with StepCounter(model) as counter:
        model(torch.rand(5, 2, 3))
    assert counter.cost.uncounted == ("aten.mkldnn_rnn_layer",)


def test_a_layer_used_twice_counts_twice():
    layer = nn.Linear(4, 4)
    cost = step_cost(nn.Sequential(layer, nn.ReLU(), layer), torch.ones(2, 4))
    assert cost.layers["0.weight"].forward == 2 * (2 * 2 * 16)
    assert cost.layers["0.weight"].input_gradient == 2 * 2 * 16
    assert list(cost.layers) == ["0.weight"]


def test_a_frozen_layer_only_passes_gradients_on():
    model = perceptron()
    model[2].weight.requires_grad_(False)
    cost = step_cost(model, torch.ones(1, 5))
    assert list(cost.layers) == ["0.weight"]
    assert cost.backward == 2 * 35 + 2 * 21


def test_recomputation_is_part_of_the_backward_pass():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    given = torch.ones(2, 4, requires_grad=True)
    with StepCounter(model) as counter:
        checkpoint(model, given, use_reentrant=False).sum().backward()
    product = 2 * 2 * 16
    assert counter.cost.forward == 2 * product
    assert [layer.forward for layer in counter.cost.layers.values()] == [product, product]
    # four gradients, and the first layer again; torch stops before the second one
    assert counter.cost.backward == 5 * product


@pytest.mark.parametrize(("groups", "kernel"), [(1, 3), (2, 2)])
def test_transposed_convolutions_count_though_no_pruner_takes_them(groups, kernel):
    layer = nn.ConvTranspose2d(4, 6, kernel, stride=2, groups=groups)
    given = torch.ones(2, 4, 5, 5, requires_grad=True)
    cost = step_cost(layer, given)
    assert cost.layers == {}
    assert cost.forward == 2 * 2 * 25 * 4 * (6 // groups) * kernel**2
    assert cost.backward == 2 * cost.forward


def test_a_part_cut_off_from_the_loss_has_no_backward_pass():
    model = perceptron()
    with StepCounter(model) as counter:
        model(torch.ones(1, 5))
        model[2](torch.ones(1, 7)).sum().backward()
    layers = counter.cost.layers.values()
    assert sum(layer.backward for layer in layers) <= counter.cost.backward == 2 * 21


def test_arguments_by_name_are_fine():
    layer = nn.Linear(3, 2)
    with StepCounter(layer) as counter:
        layer(input=torch.ones(1, 3)).sum().backward()
    assert counter.cost.layers["weight"] == LayerCost(6, 12, 12, 0)


def test_a_failing_step_leaves_no_hooks():
    model = perceptron()
    with pytest.raises(RuntimeError), StepCounter(model) as counter:
        model(torch.ones(1, 4))
    assert not any(module._forward_hooks for module in model.modules())
    assert counter.cost.forward == 0
    assert torch.utils._python_dispatch._get_current_dispatch_mode() is None


def test_counting_changes_nothing():
    torch.manual_seed(0)
    model, given = perceptron(), torch.rand(2, 5)
    model(given).sum().backward()
    gradients = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    step_cost(model, given)
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True))


def test_a_layer_that_runs_sparse_counts_as_its_dense_form():
    costs = []
    for turn in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 200))
        model[2].weight.data[:, ::2] = 0
        given = torch.rand(64, 200)
        if turn:
            convert(model, example=(given,), clock=lambda *_: Times(2.0, 1.0))
            assert isinstance(model[2], SparseLinear)
        costs.append(step_cost(model, given))
    assert costs[0] == costs[1]
    work = costs[0].work({"2.weight": 0.5}, sparse=["2.weight"])
    assert work.executed == work.useful
