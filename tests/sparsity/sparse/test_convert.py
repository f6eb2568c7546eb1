"""Models turned sparse and back: the same numbers, the same training, the same checkpoints."""

import copy
import io

import pytest
import torch
from torch import nn

from tenth.errors import InputError, UnsupportedError
from tenth.sparsity.sparse import (
    SparseLinear,
    Times,
    convert,
    densify,
    is_parked,
    named_weights,
    sparse_layers,
    write_weights,
)


def always(*_):
    return Times(2.0, 1.0)


def never(*_):
    return Times(1.0, 1.0)


def net(seed=0, density=0.2):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(300, 200), nn.ReLU(), nn.Linear(200, 170))
    with torch.no_grad():
        for layer in (model[0], model[2]):
            layer.weight.mul_(torch.rand_like(layer.weight) < density)
    return model


EXAMPLE = (torch.zeros(64, 300),)
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, 0.01),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01, amsgrad=True),
}


def turned(model, optimizer=None):
    rows = convert(model, optimizer, example=EXAMPLE, clock=always)
    assert all(row.sparse for row in rows)
    return model


def train(model, optimizer, steps, masks=None, seed=1):
    torch.manual_seed(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(64, 300)).square().mean().backward()
        optimizer.step()
        if masks:
            with torch.no_grad():
                for name, weight in model.named_parameters():
                    weight.mul_(masks.get(name, 1))


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_training_is_masked_training(make):
    masked, sparse = net(), net()
    masks = {name: w != 0 for name, w in masked.named_parameters() if w.dim() == 2}
    one, other = make(masked.parameters()), make(sparse.parameters())
    train(masked, one, 3, masks)
    train(sparse, other, 3, masks)
    for _ in range(2):
        turned(sparse, other)
        train(masked, one, 3, masks, seed=2)
        train(sparse, other, 3, seed=2)
        densify(sparse, other)
        for (name, expected), got in zip(
            masked.named_parameters(), sparse.parameters(), strict=True
        ):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5, msg=name)
    for expected, got in zip(masked.parameters(), sparse.parameters(), strict=True):
        for key, moment in one.state[expected].items():
            if moment is not None:
                kept = moment * (expected != 0) if moment.shape == expected.shape else moment
                torch.testing.assert_close(other.state[got][key], kept, rtol=1e-4, atol=1e-5)


def test_gradients_are_exact_in_float64():
    torch.manual_seed(0)
    mask = torch.rand(7, 11) < 0.4
    dense = nn.Linear(11, 7, dtype=torch.float64)
    with torch.no_grad():
        dense.weight.mul_(mask)
    layer = SparseLinear(dense, mask)
    x = torch.randn(2, 3, 11, dtype=torch.float64, requires_grad=True)

    def run(x, values, bias):
        return torch.func.functional_call(layer, {"values": values, "bias": bias}, (x,))

    torch.autograd.gradcheck(run, (x, layer.values, layer.bias))


def test_parameters_keep_their_identity_and_lose_their_memory():
    model = net()
    weight, bias = model[0].weight, model[0].bias
    expected = weight.detach().clone()
    turned(model)
    assert is_parked(weight)
    assert weight.untyped_storage().nbytes() == 4
    assert {name for name, _ in model.named_parameters()} == {
        "0.values", "0.bias", "2.values", "2.bias"
    }  # fmt: skip
    assert len(model[0].values) == int(expected.count_nonzero())
    assert densify(model) == ["0.weight", "2.weight"]
    assert model[0].weight is weight
    assert model[0].bias is bias
    assert weight.equal(expected)


def test_a_gradient_that_waits_goes_along():
    model = net()
    model(torch.randn(64, 300)).square().mean().backward()
    expected = model[0].weight.grad * (model[0].weight != 0)
    turned(model)
    densify(model)
    assert model[0].weight.grad.equal(expected)


def test_state_dicts_go_both_ways():
    dense, other = net(), net(seed=1)
    sparse = turned(net())
    state = sparse.state_dict()
    assert list(state) == list(dense.state_dict())
    for name, value in dense.state_dict().items():
        assert state[name].equal(value)
    dense.load_state_dict(sparse.state_dict())
    with torch.no_grad():
        dense[0].weight.mul_(2)
    sparse.load_state_dict(dense.state_dict())
    assert sparse[0].weight.equal(dense[0].weight)
    with pytest.raises(RuntimeError, match="zero where the sparse layer holds no weight"):
        sparse.load_state_dict(other.state_dict())
    with pytest.raises(RuntimeError, match=r"Missing key.*0\.weight"):
        sparse.load_state_dict({n: v for n, v in state.items() if n != "0.weight"})
    with pytest.raises(RuntimeError, match=r"Unexpected key.*0\.more"):
        sparse.load_state_dict({**state, "0.more": torch.zeros(1)})
    with pytest.raises(RuntimeError, match="must be of shape"):
        sparse.load_state_dict({**state, "0.weight": torch.zeros(2, 2)})


def test_copies_are_apart():
    model = turned(net())
    copied = copy.deepcopy(model)
    assert is_parked(copied[0].dense.weight)
    x = torch.randn(64, 300)
    assert copied(x).equal(model(x))
    with torch.no_grad():
        copied[0].values.mul_(2)
        copied[0].bias.mul_(2)
    assert not copied(x).equal(model(x))
    densify(copied)
    assert copied[0].weight.equal(2 * model[0].weight)
    assert isinstance(model[0], SparseLinear)


def test_a_checkpoint_needs_no_pickled_code():
    buffer = io.BytesIO()
    torch.save(turned(net()).state_dict(), buffer)
    buffer.seek(0)
    net().load_state_dict(torch.load(buffer, weights_only=True))


def test_without_gradients_it_computes():
    model, x = net(), torch.randn(5, 300)
    with torch.no_grad():
        expected = model(x)
        torch.testing.assert_close(turned(model)(x), expected, rtol=1e-4, atol=1e-5)
    assert model(x.requires_grad_()).requires_grad


def test_a_layer_can_be_frozen():
    model = net()
    model[0].weight.requires_grad_(False)
    turned(model)
    model(torch.randn(64, 300)).sum().backward()
    assert model[0].values.grad is None
    assert model[2].values.grad is not None
    densify(model)
    assert not model[0].weight.requires_grad


def test_batches_lie_as_they_came():
    layer = turned(net())[0]
    rows, columns = torch.randn(64, 300), torch.randn(300, 64).t()
    assert layer(rows).is_contiguous()
    assert layer(columns).stride() == (1, 64)
    torch.testing.assert_close(layer(columns), layer(columns.contiguous()))
    assert layer(torch.randn(2, 4, 300)).shape == (2, 4, 200)
    assert layer(torch.randn(300)).shape == (200,)
    assert layer(torch.randn(0, 300)).shape == (0, 200)


def test_autocast_and_other_types_are_refused():
    model = turned(net())
    with (
        torch.autocast("cpu", torch.bfloat16),
        pytest.raises(UnsupportedError, match="autocast must be off"),
    ):
        model(torch.randn(3, 300))
    with pytest.raises(UnsupportedError, match="of its weights' type"):
        model(torch.randn(3, 300, dtype=torch.float64))


def test_the_weight_can_be_read_and_learned_through():
    model = turned(net())
    model[0].weight.square().sum().backward()
    assert model[0].values.grad.equal(2 * model[0].values)


def test_hooks_stay_and_can_be_removed_in_either_form():
    model, calls = net(), []
    handle = model[0].register_forward_hook(lambda *_: calls.append(1))
    turned(model)
    calls.clear()
    model(torch.randn(64, 300))
    assert calls == [1]
    handle.remove()
    densify(model)
    model(torch.randn(64, 300))
    assert calls == [1]


def reasons(model, *, clock=always, example=EXAMPLE, **choices):
    return {r.name: r.reason for r in convert(model, example=example, clock=clock, **choices)}


def test_layers_that_gain_nothing_stay_dense():
    assert "1 times as fast" in reasons(net(), clock=never)["0.weight"]
    assert "no zeros" in reasons(net(density=1))["0.weight"]
    assert "too small" in reasons(net(), example=(torch.zeros(1, 300),))["0.weight"]
    double = (torch.zeros(64, 300, dtype=torch.float64),)
    assert "float64" in reasons(net().double(), example=double)["0.weight"]
    with torch.autocast("cpu", torch.bfloat16):
        assert "autocast" in reasons(net())["0.weight"]
    with pytest.raises(InputError, match="example or sights"):
        convert(net())


def test_tied_weights_stay_dense():
    model = nn.Sequential(nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 300))
    model[2].weight = model[0].weight
    with torch.no_grad():
        model[0].weight[::2] = 0
    assert all("several names" in reason for reason in reasons(model).values())


def test_masks_tell_what_lives_although_it_is_zero():
    model = net()
    mask = torch.ones(200, 300, dtype=torch.bool)
    mask[0] = False
    convert(model, example=EXAMPLE, masks={"0.weight": mask}, clock=always)
    assert len(sparse_layers(model)["0"].values) == 199 * 300


def test_weights_by_their_dense_names():
    dense, sparse = net(), turned(net())
    for (name, weight), (expected, same) in zip(
        named_weights(sparse), dense.named_parameters(), strict=True
    ):
        assert name == expected
        assert weight.equal(same)
    with torch.no_grad():
        doubled = {name: 2 * weight for name, weight in dense.named_parameters()}
    write_weights(sparse, doubled)
    assert sparse.state_dict()["0.weight"].equal(doubled["0.weight"])


def test_the_clock_of_this_machine_takes_turns():
    model = net()
    (row, _) = convert(model, example=EXAMPLE)
    assert row.times.dense > 0
    assert row.times.sparse > 0
    assert row.sparse == isinstance(model[0], SparseLinear)
