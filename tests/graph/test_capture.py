"""Captured graphs against the modules they come from."""

import logging
import re
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.export import register_dataclass
from torch.utils.flop_counter import FlopCounterMode

from tenth.errors import InputError, UnsupportedError
from tenth.graph import Dim, Graph, count, run, text, verify
from tenth.graph.capture import capture
from tenth.graph.ops import OPS


class Call(nn.Module):
    """A module made of a function; parts are its submodules and buffers."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, nn.Module):
                self.add_module(name, part)
            else:
                self.register_buffer(name, part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def randomised(model: nn.Module) -> nn.Module:
    """Running statistics and affine weights as after training, so that a wrong fold shows."""
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm | nn.LayerNorm):
            for name, tensor in module.state_dict().items():
                if tensor.is_floating_point():
                    noise = torch.rand(tensor.shape, generator=generator)
                    tensor.copy_(noise + 0.5 if "var" in name or "weight" in name else noise - 0.5)
    return model


def agrees(model: nn.Module, graph: Graph, *shapes, vocabulary=None, tolerance=1e-5):
    """Compare both on random inputs of these shapes; the error is relative to the largest value."""
    generator = torch.Generator().manual_seed(2)
    inputs = [
        torch.randint(0, vocabulary, shape, generator=generator)
        if vocabulary
        else torch.randn(shape, generator=generator)
        for shape in shapes
    ]
    model.eval()
    with torch.no_grad():
        expected = model(*inputs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    got = run(graph, *(x.numpy() for x in inputs))
    assert len(got) == len(expected)
    for i, (have, want) in enumerate(zip(got, expected, strict=True)):
        assert have.shape == want.shape, i
        scale = max(1e-30, float(want.abs().max()))
        assert np.abs(have - want.numpy()).max() <= tolerance * scale, i


def ops_of(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


n, h, w, length = (Dim.symbol(name) for name in ("n", "h", "w", "l"))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.down = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        )

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += self.down(x)
        return self.relu(y)


class Attention(nn.Module):
    """One head written out, on embedded tokens."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(11, 8)
        self.places = nn.Embedding(6, 8)
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        scores = torch.softmax(q @ k.transpose(1, 2) / 8**0.5, dim=-1)
        return self.head(x + self.out(scores @ v))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 20),
        nn.Dropout(0.5),
        nn.Tanh(),
        nn.Linear(20, 10),
    )


def test_lenet_has_a_free_batch_and_fixed_pictures():
    model = lenet()
    graph = capture(model, (torch.zeros(1, 1, 28, 28),))
    assert graph.inputs[0].shape == (n, 1, 28, 28)
    first = ["conv", "tanh", "avg_pool"]
    assert ops_of(graph) == [*first, *first, "reshape", "linear", "tanh", "linear"]
    agrees(model, graph, (1, 1, 28, 28))
    agrees(model, graph, (5, 1, 28, 28))
    with pytest.raises(InputError, match="input"):
        run(graph, np.zeros((1, 1, 32, 32)))


def test_residual_net_folds_its_norms_and_takes_any_picture():
    model = randomised(nn.Sequential(Residual(3, 4, 2), Residual(4, 6, 1), nn.AdaptiveAvgPool2d(1)))
    graph = capture(model, (torch.zeros(1, 3, 16, 16),))
    assert graph.inputs[0].shape == (n, 3, h, w)
    assert "channel_affine" not in ops_of(graph)
    assert [node.name for node in graph.nodes][:3] == [
        "layer_0_conv1",
        "layer_0_relu",
        "layer_0_conv2",
    ]
    for shape in ((1, 3, 16, 16), (2, 3, 7, 10), (3, 3, 1, 1)):
        agrees(model, graph, shape)


def test_transformer_block_with_tied_weights():
    model = randomised(Attention())
    graph = capture(model, (torch.zeros(1, 6, dtype=torch.int64),))
    assert graph.inputs[0].shape == (n, length)
    assert graph.inputs[0].dtype == "int64"
    for shape in ((1, 6), (4, 6), (3, 2)):
        agrees(model, graph, shape, vocabulary=11)
    with pytest.raises(InputError, match=r"\(fit\).*must be 6 or less\. Got 7"):
        run(graph, np.zeros((1, 7), np.int64))
    (tokens,) = (node for node in graph.nodes if node.op == "embedding")
    head = graph.nodes[-1]
    assert tokens.inputs[1] == head.inputs[1]  # stored once
    assert count(graph, {"n": 1, "l": 6}).weights == 11 * 8 + 6 * 8 + 2 * 8 + 24 * 9 + 8 * 9 + 1


@pytest.mark.parametrize("weights", [True, False])
def test_attention_of_torch(weights):
    class Attend(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            result = self.layer(x, x, x, need_weights=weights)
            return result if weights else result[0]

    model = Attend()
    graph = capture(model, (torch.zeros(1, 3, 8),))
    agrees(model, graph, (1, 3, 8))
    agrees(model, graph, (4, 3, 8))


def test_encoder_layer_and_masked_attention_of_torch():
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
    graph = capture(model, (torch.zeros(2, 3, 8),))
    agrees(model, graph, (4, 3, 8))

    mask = torch.zeros(3, 3).masked_fill(torch.ones(3, 3).triu(1).bool(), -torch.inf)

    def attend(self, q, k, v):
        return (
            F.scaled_dot_product_attention(q, k, v, is_causal=True),
            F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask),
            F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask == 0, scale=0.5),
        )

    model = Call(attend, mask=mask)
    graph = capture(model, (torch.zeros(1, 2, 3, 4),) * 3)
    assert graph.inputs[0].shape == (n, 2, 3, 4)
    agrees(model, graph, *[(5, 2, 3, 4)] * 3)


def test_one_dimensional_net():
    model = randomised(
        nn.Sequential(
            nn.Conv1d(2, 4, 5, stride=2, padding="valid"),
            nn.BatchNorm1d(4),
            nn.Hardswish(),
            nn.Conv1d(4, 8, 3, padding="same", dilation=2, groups=2),
            nn.GELU(),
            nn.MaxPool1d(2),
            nn.AdaptiveMaxPool1d(3),
        )
    )
    graph = capture(model, (torch.zeros(1, 2, 30),))
    assert graph.inputs[0].shape == (n, 2, length)
    for shape in ((1, 2, 30), (3, 2, 17), (2, 2, 9)):
        agrees(model, graph, shape)


def test_a_fully_convolutional_net_of_one_channel_is_free_but_for_it():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"),
        nn.ReLU(),
        nn.Conv2d(2, 1, 4, padding="same"),
        nn.Sigmoid(),
    )
    graph = capture(model, (torch.zeros(1, 1, 32, 32),))
    assert graph.inputs[0].shape == (n, 1, h, w)
    assert ops_of(graph) == ["pad", "conv", "relu", "pad", "conv", "sigmoid"]
    agrees(model, graph, (2, 1, 5, 8))


LAYERS = {
    "conv2d": (nn.Conv2d(4, 6, (3, 1), (2, 1), (1, 0), (1, 2), 2), (1, 4, 9, 7)),
    "depthwise": (nn.Conv2d(4, 8, 3, groups=4, bias=False), (1, 4, 9, 7)),
    "norm alone": (nn.BatchNorm2d(4), (1, 4, 3, 3)),
    "norm without weights": (nn.Sequential(nn.BatchNorm1d(4, affine=False), nn.ReLU()), (1, 4)),
    "linear and norm": (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), (1, 3)),
    "linear on channels": (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(5)), (1, 5, 3)),
    "layer norm": (nn.LayerNorm((2, 3), elementwise_affine=False), (1, 2, 3)),
    "layer norm without bias": (nn.LayerNorm(3, bias=False), (1, 2, 3)),
    "weight norm": (nn.utils.parametrizations.weight_norm(nn.Linear(3, 4)), (1, 3)),
    "upward pool": (nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), (1, 2, 8, 6)),
    "max pool": (nn.MaxPool2d((3, 2), 2, (1, 1), dilation=(1, 2), ceil_mode=True), (1, 2, 9, 9)),
    "adaptive": (nn.AdaptiveAvgPool2d((3, 2)), (1, 2, 8, 7)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    model, shape = LAYERS[name]
    randomised(model)
    graph = capture(model, (torch.zeros(shape),))
    verify(graph)
    agrees(model, graph, shape)
    agrees(model, graph, (3, *shape[1:]))
    free = [axis for axis, size in enumerate(graph.inputs[0].shape) if isinstance(size, Dim)]
    sequence = {"layer norm without bias": [0, 1]}.get(name, [0])
    assert free == ([0, 2, 3] if len(shape) == 4 else sequence)


def elementwise(self, x, y):
    return (
        F.relu(x), F.gelu(x), F.gelu(x, approximate="tanh"), F.silu(x), torch.sigmoid(x),
        torch.tanh(x), F.hardswish(x), F.hardsigmoid(x), F.relu6(x), F.hardtanh(x, -0.5, 0.25),
        x.clamp(min=0.1), x.clamp(max=0.1), x.clamp(-0.2, 0.3), torch.softmax(x, 1),
        x + y, x - y, x * y, x + 2, 1 - x, x - 3, 2 * x, x / 4, -x, x + self.k, self.k - x,
        x * self.k, x / (self.k + 1), torch.add(x, y, alpha=3), torch.sub(x, y, alpha=0.5),
        torch.rsub(x, y, alpha=2), x / (y * y + 1), x**2, x**3, (x * x) ** 0.5, (x * x + 1) ** -0.5,
        x.square(), (x * x).sqrt(), torch.rsqrt(x * x + 1), torch.reciprocal(x * x + 1), x.exp(),
        F.leaky_relu(x, 0.1), F.elu(x, 0.7), F.prelu(x, self.k[:1]), F.softplus(x),
        F.softplus(x, 2), F.mish(x), F.log_softmax(x, 1), x.sum(), x.sum(1), x.sum((1, 2), True),
        x.amax(-1), x.max(), x.max(1)[0], x.max(2, keepdim=True).values,
        torch.where(x > y, x, y), torch.where(x < 0, 0.0, x), x.masked_fill(x >= 0.5, -1.0),
        (x <= y).float(), (x == x).float(), (x != y).float(), (~(x > 0)).to(x), x * (y > 0),
        ((x > 0) & (y > 0)).float(), ((x > 0) | (y > 0)).float(), torch.zeros_like(x) + x,
        F.rms_norm(x, (4,), self.k), x.mean(), x.mean(-1), x.mean((1, 2), keepdim=True),
        x.contiguous().clone().detach(), x.to(torch.float64).float(), self.drop(x),
    )  # fmt: skip


def moves(self, x, y):
    return (
        x.flatten(1), x.flatten(), x.reshape(-1, 12), x.view(x.shape[0], 2, 6),
        x.unflatten(1, (1, 3)),
        x.unsqueeze(1), x.unsqueeze(-1), x[:, :1].squeeze(1), x[:, :1].squeeze(), x.transpose(1, 2),
        x.permute(2, 0, 1), x.mT, x.swapaxes(0, 1), torch.cat([x, y], 1), torch.cat([x, y]),
        torch.stack([x, y], 1), x[:, 1:], x[:, :-1], x[..., 1:3], x[:, 0], x[:, -1], x[1:],
        *x.chunk(2, 1), *x.split([1, 2], 1), *x.split(3, 2), *x.unbind(1),
        F.pad(x, (1, 2)), F.pad(x, (1, 0, 0, 2)), F.pad(x, (1, 2), mode="circular"),
        x.expand(-1, 3, 4), x[:, :1].expand(-1, 3, -1), x[:, :, :1].expand(2, -1, -1, 4),
        x[:, :1].repeat(1, 2, 1), x[:, ::2], x[:, -2:], x[:, 1::2, :3], x[..., ::3],
        torch.cat([self.k.expand(x.shape[0], 1, 4), x], 1), x @ y.mT, x @ self.m,
        torch.bmm(x, y.mT), x, x,
    )  # fmt: skip


@pytest.mark.parametrize("function", [elementwise, moves])
def test_functions_that_torch_has_and_a_graph_says_otherwise(function):
    parts = {"k": torch.rand(4), "m": torch.rand(4, 2), "drop": nn.Dropout()}
    model = Call(function, **parts)
    graph = capture(model, (torch.zeros(1, 3, 4), torch.zeros(1, 3, 4)))
    verify(graph)
    middle = length if function is elementwise else 3
    assert [value.shape for value in graph.inputs] == [(n, middle, 4)] * 2
    agrees(model, graph, (2, 3, 4), (2, 3, 4))
    agrees(model, graph, (5, 3, 4), (5, 3, 4))


def test_several_inputs_have_sizes_of_their_own():
    model = Call(lambda self, a, b: (a * 2, b.relu()))
    graph = capture(model, (torch.zeros(1, 1, 4, 4), torch.zeros(1, 2, 4, 4)))
    assert graph.inputs[0].shape == (n, 1, h, w)
    assert graph.inputs[1].shape == (n, 2, Dim.symbol("h2"), Dim.symbol("w2"))
    agrees(model, graph, (3, 1, 5, 6), (3, 2, 7, 4))


def in_place(self, x):
    y = self.norm(x)
    view = y.view(-1, 2, 2)
    view.relu_()  # y changes too
    z = x * 2
    z += 1
    z.clamp_(min=0.5)
    return y + 1, view.flatten(1), z, self.act(self.fc(x))


def test_in_place_operations_and_their_aliases():
    model = randomised(
        Call(in_place, norm=nn.BatchNorm1d(4), act=nn.ReLU(inplace=True), fc=nn.Linear(4, 3))
    )
    agrees(model, capture(model, (torch.zeros(1, 4),)), (3, 4))


def branches(size):
    return lambda self, x: x * 2 if size(x) else x + 1


@pytest.mark.parametrize(
    "test",
    [
        lambda x: x.shape[2] > 16,
        lambda x: x.shape[2] < 40,
        lambda x: x.shape[2] % 2 == 0,
        lambda x: x.shape[2] == x.shape[3],
        lambda x: x.shape[2] == 32,
    ],
)
def test_a_branch_on_a_size_fixes_it_or_holds_everywhere(test):
    model = Call(branches(test))
    graph = capture(model, (torch.zeros(1, 1, 32, 32),))
    shape = graph.inputs[0].shape
    assert shape[0] == n
    agrees(model, graph, (3, 1, 32, 32))
    if any(isinstance(size, Dim) for size in shape[2:]):
        sizes = {"h": 8, "w": 8 if shape[2] == shape[3] else 24}
        agrees(
            model, graph, tuple(s.at({"n": 2, **sizes}) if isinstance(s, Dim) else s for s in shape)
        )


def test_a_batch_that_the_model_fixes_is_fixed():
    model = Call(lambda self, x: x.view(1, 12) + 1)
    graph = capture(model, (torch.zeros(1, 3, 4),))
    assert graph.inputs[0].shape == (1, 3, 4)
    agrees(model, graph, (1, 3, 4))
    model = Call(lambda self, x: x * x.shape[0])
    graph = capture(model, (torch.zeros(3, 4),))
    assert graph.inputs[0].shape == (3, 4)
    agrees(model, graph, (3, 4))


def test_the_same_model_gives_the_same_graph_with_names_for_c():
    model = lenet()
    graphs = [capture(model, (torch.zeros(1, 1, 28, 28),)) for _ in range(2)]
    assert text(graphs[0]) == text(graphs[1])
    names = [*(node.name for node in graphs[0].nodes), *graphs[0].constants]
    assert names[0] == "layer_0"
    assert all(re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) for name in names)
    for name, array in graphs[0].constants.items():
        np.testing.assert_array_equal(array, graphs[1].constants[name])
    assert {node.op for node in graphs[0].nodes} <= set(OPS)


def test_zeros_of_a_pruned_weight_stay_zeros():
    model = nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4))
    with torch.no_grad():
        model[0].weight[:, 0] = 0
    (conv,) = count(capture(model, (torch.zeros(1, 2, 5, 5),)), {"n": 1, "h": 3, "w": 3}).nodes
    assert (conv.weights, conv.kept_weights) == (72 + 4, 36 + 4)
    assert conv.useful_flops * 2 == conv.flops


def test_flops_are_those_that_torch_counts():
    model = nn.Sequential(lenet()[:6], nn.Flatten(), nn.Linear(400, 3))
    graph = capture(model, (torch.zeros(1, 1, 28, 28),))
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(7, 1, 28, 28))
    assert count(graph, {"n": 7}).multiplied_flops == counter.get_total_flops()


def test_the_model_stays_as_it_was_and_nothing_is_said(capfd):
    model = nn.Sequential(nn.Conv2d(1, 1, 2, padding="same"), nn.Dropout(), nn.BatchNorm2d(1))
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    disabled = logging.root.manager.disable
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        capture(model, (torch.zeros(1, 1, 4, 4),))
        with pytest.raises(UnsupportedError):
            capture(Call(lambda self, x: x if x.sum() > 0 else -x), (torch.zeros(2, 2),))
    assert not caught
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == disabled
    assert [module.training for module in model] == [True, False, True]
    assert model.training
    assert torch.is_grad_enabled()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert all(p.requires_grad for p in model.parameters())


def test_half_and_double_models_become_float32():
    for dtype in (torch.float64, torch.bfloat16):
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU()).to(dtype)
        graph = capture(model, (torch.zeros(1, 3, dtype=dtype),))
        assert graph.inputs[0].dtype == "float32"
        agrees(model.float(), graph, (2, 3))


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(4))

    def forward(self, x):
        self.seen.add_(1)
        return x + self.seen


def looped(self, x):
    while x.abs().max() < 1:
        x = x * 2
    return x


SIZE = (2, 4)
UNSUPPORTED = {
    "fft": (
        nn.Sequential(nn.Linear(4, 4), Call(lambda self, x: torch.fft.rfft(x).abs())),
        r"fft_rfft in module '1' must be an operation that a graph can express\. "
        r"Got torch\.ops\.aten\.fft_rfft\.default\. Replace it",
    ),
    "with advice": (
        Call(lambda self, x: x.argmax(1, keepdim=True) + x),
        "argmax in the model's own forward.*Return the scores",
    ),
    "nested": (
        nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.Softsign())),
        r"abs in module '0\.1' must be an operation that a graph can express",
    ),
    "branch on a value": (
        Call(lambda self, x: x if x.sum() > 0 else -x),
        "the model must be one fixed sequence of tensor operations.*Take branches and loops",
    ),
    "loop on a value": (Call(looped), "one fixed sequence of tensor operations"),
    "number from a tensor": (Call(lambda self, x: x * x.max().item()), "sequence|express|plain"),
    "a word": (
        Call(lambda self, x: {"y": x, "kind": "logits"}),
        r"the model's output must be a tensor, or tensors in tuples and dicts\. Got str",
    ),
    "nothing": (Call(lambda self, x: None), "output must be a tensor.*Got nothing"),
    "an empty tuple": (Call(lambda self, x: ()), "output must be a tensor.*Got nothing"),
    "state": (Stateful(), r"a model must be without side effects\. Got 'seen' changed"),
    "input overwritten": (Call(lambda self, x: x.add_(1)), "without side effects"),
    "dropout that stays": (Call(lambda self, x: F.dropout(x)), "must be inactive in eval mode"),
    "random numbers": (Call(lambda self, x: x + torch.rand(4)), "must be the same on each run"),
    "norm without statistics": (
        nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, track_running_stats=False)),
        r"batch_norm in module '1' must be given running statistics.*track_running_stats=True",
    ),
    "weights from the input": (Call(lambda self, x: F.linear(x, x)), "weights that do not depend"),
    "rounded division": (
        Call(lambda self, x: torch.div(x, 2, rounding_mode="floor")),
        "div in .* must be a plain division",
    ),
    "an odd power": (Call(lambda self, x: (x * x) ** 0.3), "pow in .* must be to a power of"),
    "reflected padding": (
        Call(lambda self, x: F.pad(x, (1, 1), mode="reflect")),
        "pad in .* must be with zeros or circular.*reflect",
    ),
    "whole numbers": (Call(lambda self, x: x.long() + 1), "between float types"),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_a_graph_cannot_say_is_refused_with_words(case, capfd):
    model, message = UNSUPPORTED[case]
    with pytest.raises(UnsupportedError, match=message):
        capture(model, (torch.rand(SIZE),))
    assert capfd.readouterr() == ("", "")
    assert model.training


def test_all_that_a_graph_cannot_say_is_named_at_once():
    model = Call(lambda self, x: torch.special.i0(torch.fft.rfft(x.cumsum(1)).abs()) + len(x))
    words = r"cumsum in .* must be an operation.*The same is true of fft_rfft, abs, special_i0\.$"
    with pytest.raises(UnsupportedError, match=words):
        capture(model, (torch.rand(SIZE),))


@dataclass
class Answer:
    """What models of some libraries give."""

    logits: torch.Tensor
    states: tuple[torch.Tensor, ...] | None = None


register_dataclass(Answer)


@pytest.mark.parametrize(
    ("gives", "kept"),
    [
        (lambda x: {"logits": x + 1, "hidden": x * 2}, [1, 2]),
        (lambda x: (x + 1, (x * 2, [x * 3])), [1, 2, 3]),
        (lambda x: (x + 1, None), [1]),
        (lambda x: Answer(x + 1, (x * 2, x * 3)), [1, 2, 3]),
        (lambda x: Answer(x + 1), [1]),
    ],
)
def test_outputs_may_stand_in_tuples_and_dicts(gives, kept):
    graph = capture(Call(lambda self, x: gives(x)), (torch.rand(SIZE),))
    x = np.random.default_rng(0).random((3, SIZE[1]), np.float32)
    results = run(graph, x)
    assert len(results) == len(kept)
    for number, y in zip(kept, results, strict=True):
        np.testing.assert_allclose(y, x + 1 if number == 1 else x * number, rtol=1e-6)


def test_buffers_that_a_model_changes_are_put_back():
    model = Stateful()
    with pytest.raises(UnsupportedError):
        capture(model, (torch.rand(SIZE),))
    assert not model.seen.any()


def test_ids_may_only_be_looked_up():
    model = Call(lambda self, ids: ids * 2)
    with pytest.raises(UnsupportedError, match="only be looked up in an embedding"):
        capture(model, (torch.zeros(1, 4, dtype=torch.int64),))


def test_an_input_without_a_batch_is_refused():
    with pytest.raises(UnsupportedError, match="given 4 axes: batch, channels, and 2 more"):
        capture(nn.Conv2d(2, 3, 3), (torch.zeros(2, 8, 8),))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_named(value):
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    with torch.no_grad():
        model[2].weight[1, 2] = value
    with pytest.raises(
        InputError, match=r"weight '2\.weight' must be finite\. Got 1 of 6 NaN or inf"
    ):
        capture(model, (torch.zeros(1, 4),))


@pytest.mark.parametrize(
    ("model", "example", "message"),
    [
        (nn.Linear(4, 2), torch.zeros(1, 4), r"example must be a tuple of tensors.*Write \(x,\)"),
        (nn.Linear(4, 2), (), "example must be a tuple of tensors"),
        (nn.Linear(4, 2), (1,), r"example\[0\] must be a tensor"),
        (nn.Linear(4, 2), (torch.zeros(1, 5),), "example must be accepted by the model's forward"),
        (nn.Linear(4, 2), (torch.zeros(0, 4),), "without an axis of size 0"),
        (nn.Linear(4, 2), (torch.zeros(1, 4, dtype=torch.bool),), "of a float type"),
        (F.relu, (torch.zeros(1, 4),), "model must be a torch.nn.Module. Got"),
    ],
)
def test_a_wrong_call_is_refused(model, example, message):
    with pytest.raises(InputError, match=message):
        capture(model, example)
