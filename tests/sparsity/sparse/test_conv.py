"""Sparse convolutions against torch's of the masked dense weight, in float64."""

import copy
import pickle

import pytest
import torch
from torch import nn

from tenth.errors import UnsupportedError
from tenth.sparsity.sparse import Times, convert, densify
from tenth.sparsity.sparse.conv import SparseConv1d, SparseConv2d, conv_refusal

# inputs, outputs, groups, kernel, stride, padding, dilation, size
SHAPES = [
    (3, 5, 1, (3, 3), 1, 1, 1, (8, 8)),
    (40, 7, 1, (3, 3), 2, 1, 1, (9, 7)),
    (8, 16, 1, (1, 1), 2, 0, 1, (8, 8)),
    (8, 6, 1, (1, 1), 1, 0, 1, (4, 4)),
    (6, 9, 3, (5, 3), (1, 3), (2, 0), (2, 1), (11, 13)),
    (4, 4, 4, (7, 7), 2, 3, 1, (5, 16)),
    (5, 3, 1, (2, 4), (3, 2), (3, 4), (2, 3), (10, 12)),
    (35, 33, 1, (3, 3), 1, "same", 2, (6, 5)),
    (2, 2, 1, (4, 1), 1, "same", 1, (5, 3)),
    (3, 2, 1, (3, 2), 1, "valid", 1, (5, 70)),
    (2, 2, 1, (2, 2), (3, 2), (2, 3), (3, 1), (1, 9)),
]


def close(found, wanted):
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def pair(dense, density=0.3):
    """The masked dense layer in float64, and its sparse twin."""
    mask = torch.rand_like(dense.weight) < density
    with torch.no_grad():
        dense.weight.mul_(mask)
    exact = copy.deepcopy(dense).double()
    kind = SparseConv1d if isinstance(dense, nn.Conv1d) else SparseConv2d
    return exact, kind(dense, mask), mask


def agree(exact, sparse, mask, x):
    given, wanted = x.clone().requires_grad_(), x.double().requires_grad_()
    ours, theirs = sparse(given), exact(wanted)
    close(ours.double(), theirs)
    back = torch.randn_like(ours)
    ours.backward(back)
    theirs.backward(back.double())
    close(given.grad.double(), wanted.grad)
    found = sparse.spread(sparse.values.grad).double()
    close(found, exact.weight.grad * mask)
    if sparse.bias is not None:
        close(sparse.bias.grad.double(), exact.bias.grad)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # of torch, once
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("images", [1, 9, 33])
def test_forward_and_gradients_are_those_of_the_masked_layer(shape, images):
    inputs, outputs, groups, kernel, stride, padding, dilation, size = shape
    torch.manual_seed(0)
    dense = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups)
    agree(*pair(dense), torch.randn(images, inputs, *size))


@pytest.mark.parametrize("taps", range(1, 8))
@pytest.mark.parametrize("stride", [1, 2])
def test_sequences(taps, stride):
    torch.manual_seed(taps)
    dense = nn.Conv1d(6, 5, taps, stride, taps // 2, bias=taps % 2 == 0)
    exact, sparse, mask = pair(dense)
    agree(exact, sparse, mask, torch.randn(10, 6, 23))


@pytest.mark.parametrize("seed", range(40))
def test_random_shapes(seed):
    torch.manual_seed(seed)

    def draw(low, high):
        return int(torch.randint(low, high + 1, ()))

    groups, kernel = draw(1, 3), (draw(1, 7), draw(1, 7))
    dilation, size = (draw(1, 2), draw(1, 3)), (draw(13, 16), draw(19, 40))
    dense = nn.Conv2d(
        groups * draw(1, 14), groups * draw(1, 14), kernel, (draw(1, 3), draw(1, 3)),
        (draw(0, 4), draw(0, 4)), dilation, groups,
    )  # fmt: skip
    x = torch.randn(draw(1, 20), dense.in_channels, *size)
    agree(*pair(dense, (0, 0.05, 0.3, 1)[draw(0, 3)]), x)


def test_threads_share_the_work():
    torch.manual_seed(0)
    exact, sparse, mask = pair(nn.Conv2d(8, 8, 3, padding=1))
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        agree(exact, sparse, mask, torch.randn(50, 8, 8, 8))
    finally:
        torch.set_num_threads(before)


def test_float64_passes_a_check_of_gradients():
    _, sparse, _ = pair(nn.Conv2d(2, 3, 3, 2, 1))
    sparse.double()
    x = torch.randn(2, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(sparse, (x,))


def test_one_item_and_no_item_and_a_layout_of_its_own():
    exact, sparse, _ = pair(nn.Conv2d(3, 4, 3))
    x = torch.randn(2, 3, 6, 6)
    close(sparse(x[0]).double(), exact(x[0].double()))
    assert sparse(x[:0]).shape == (0, 4, 4, 4)
    channels_last = x.to(memory_format=torch.channels_last)
    torch.testing.assert_close(sparse(channels_last), sparse(x))


def test_only_wanted_gradients_are_made():
    _, sparse, _ = pair(nn.Conv2d(3, 4, 3, bias=False))
    x = torch.randn(2, 3, 6, 6, requires_grad=True)
    with torch.no_grad():
        assert not sparse(x).requires_grad
    sparse.values.requires_grad_(False)
    sparse(x).sum().backward()
    assert sparse.values.grad is None
    assert x.grad is not None


def test_an_input_that_does_not_fit_is_refused_as_torch_refuses_it():
    _, sparse, _ = pair(nn.Conv2d(3, 4, 3))
    for shape in [(2, 4, 6, 6), (2, 3, 2, 6), (6, 6)]:
        with pytest.raises(RuntimeError, match=r"."):
            sparse(torch.randn(shape))


def test_autocast_is_refused():
    _, sparse, _ = pair(nn.Conv2d(3, 4, 3))
    x = torch.randn(2, 3, 6, 6)
    with torch.autocast("cpu"), pytest.raises(UnsupportedError, match="autocast"):
        sparse(x)


def test_copies_and_pickles_work_on_their_own():
    _, sparse, _ = pair(nn.Conv2d(3, 4, 3))
    x = torch.randn(2, 3, 6, 6)
    y = sparse(x)
    copied, stored = copy.deepcopy(sparse), pickle.loads(pickle.dumps(sparse.plans))
    with torch.no_grad():
        sparse.values.zero_()
    torch.testing.assert_close(copied(x), y)
    assert list(stored.made) == list(sparse.plans.made)


def test_state_is_that_of_the_masked_layer():
    exact, sparse, _ = pair(nn.Conv1d(3, 4, 3))
    state = sparse.state_dict()
    assert set(state) == {"weight", "bias"}
    torch.testing.assert_close(state["weight"].double(), exact.weight.detach())
    exact.load_state_dict(state)
    sparse.load_state_dict({name: value.float() for name, value in exact.state_dict().items()})


def test_many_sizes_of_images_keep_few_plans():
    exact, sparse, _ = pair(nn.Conv1d(3, 4, 3))
    for length in range(5, 20):
        x = torch.randn(2, 3, length)
        close(sparse(x).double(), exact(x.double()))
    assert len(sparse.plans.made) <= 8


def test_padding_that_is_not_zero_is_left_dense():
    assert "reflect" in conv_refusal(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"))
    assert not conv_refusal(nn.Conv2d(1, 1, 3, padding=1))


def test_a_model_turns_and_turns_back_with_its_moments():
    torch.manual_seed(0)
    layers = {0: nn.Conv2d(8, 32, 3, padding=1), 2: nn.Conv2d(32, 8, 3, 2)}
    model = nn.Sequential(layers[0], nn.ReLU(), layers[2])
    masks = {f"{i}.weight": torch.rand_like(layer.weight) < 0.2 for i, layer in layers.items()}
    for i, layer in layers.items():
        layer.weight.data.mul_(masks[f"{i}.weight"])
    twin = copy.deepcopy(model)
    x = torch.randn(8, 8, 16, 16)
    ours, theirs = (torch.optim.Adam(net.parameters()) for net in (model, twin))

    def step(net, optimizer):
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()
        for i in (0, 2):
            if isinstance(net[i], nn.Conv2d):
                net[i].weight.data.mul_(masks[f"{i}.weight"])

    step(model, ours)
    step(twin, theirs)
    convert(model, ours, example=(x,), masks=masks, clock=lambda *_: Times(2.0, 1.0))
    assert isinstance(model[0], SparseConv2d)
    assert isinstance(model[2], SparseConv2d)
    step(model, ours)
    step(twin, theirs)
    densify(model, ours)
    step(model, ours)
    step(twin, theirs)
    for found, wanted in zip(model.parameters(), twin.parameters(), strict=True):
        close(found, wanted)
