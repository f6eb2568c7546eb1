"""Attention with its masks, and recurrent layers, captured from torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tenth.errors import UnsupportedError
from tenth.graph import Graph
from tenth.graph.capture import capture

from .test_capture import Call, agrees, length, n


def attentions(graph: Graph) -> list[tuple[int, bool]]:
    """How many values each attention reads, and whether it is causal."""
    nodes = [node for node in graph.nodes if node.op == "attention"]
    return [(len(node.inputs), node.attributes["causal"]) for node in nodes]


def heads(self, x, mask):
    q = (x * self.scale).unsqueeze(1)
    return F.scaled_dot_product_attention(q, q, q, attn_mask=mask).squeeze(1)


def places(x):
    return torch.arange(x.shape[1])


MASKS = {
    "none": (lambda x: None, (3, False)),
    "all true": (lambda x: torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), (3, False)),
    "all zeros": (lambda x: torch.zeros(x.shape[1], x.shape[1]), (3, False)),
    "causal": (lambda x: places(x) <= places(x)[:, None], (3, True)),
    "causal, negated": (lambda x: ~(places(x) > places(x)[:, None]), (3, True)),
    "causal, added": (
        lambda x: torch.zeros(x.shape[1], x.shape[1]).masked_fill(
            places(x) > places(x)[:, None], -torch.inf
        ),
        (3, True),
    ),
    "of the input": (lambda x: x.sum(-1)[:, None, None, :] > -3, (4, False)),
    "of the input, added": (lambda x: x.mean(-1)[:, None, None, :], (4, False)),
    "causal, and of the input": (
        lambda x: (x.sum(-1)[:, None, None, :] > -3) & (places(x) <= places(x)[:, None]),
        (4, True),
    ),
    "of the input, stretched": (
        lambda x: (x.sum(-1)[:, None, None, :] > -3).expand(-1, -1, x.shape[1], -1),
        (4, False),
    ),
}


@pytest.mark.parametrize("name", MASKS)
def test_masks_become_words_or_what_is_added(name):
    mask, expected = MASKS[name]
    model = Call(lambda self, x: heads(self, x, mask(x)), scale=torch.rand(8))
    graph = capture(model, (torch.rand(2, 5, 8),))
    assert graph.inputs[0].shape == (n, length, 8)
    assert attentions(graph) == [expected]
    agrees(model, graph, (2, 5, 8))
    agrees(model, graph, (3, 9, 8))


def test_rows_that_see_nothing_give_zeros_as_in_torch():
    mask = torch.tensor([[True, False], [False, False]])
    model = Call(lambda self, x: heads(self, x, self.mask), mask=mask, scale=torch.rand(4))
    graph = capture(model, (torch.rand(2, 2, 4),))
    agrees(model, graph, (2, 2, 4))


def test_a_mask_that_is_neither_causal_nor_bounded_fixes_the_length():
    window = lambda x: (places(x)[:, None] - places(x)).abs() < 2  # noqa: E731
    model = Call(lambda self, x: heads(self, x, window(x)), scale=torch.rand(8))
    graph = capture(model, (torch.rand(2, 5, 8),))
    assert graph.inputs[0].shape == (n, 5, 8)
    agrees(model, graph, (3, 5, 8))


def test_a_table_of_places_is_cut_to_the_length_of_the_input():
    model = Call(lambda self, x: x + self.table[: x.shape[1]], table=torch.rand(12, 4))
    graph = capture(model, (torch.rand(2, 5, 4),))
    (fit,) = (node for node in graph.nodes if node.op == "fit")
    assert graph.constants[fit.inputs[0]].shape == (12, 4)
    for shape in ((1, 1, 4), (2, 12, 4)):
        agrees(model, graph, shape)


def test_ids_may_be_compared_and_used_as_numbers():
    def forward(self, ids):
        known = (ids != 0).unsqueeze(-1)
        words = self.table(ids) * known
        return words.sum(1) / known.sum(1).clamp(min=1), ids.float() * 2, (ids == 3).float()

    model = Call(forward, table=nn.Embedding(9, 4))
    graph = capture(model, (torch.arange(6).reshape(2, 3),))
    agrees(model, graph, (4, 7), vocabulary=9)


def test_a_written_out_gelu_is_one_node():
    def gelu(self, x):
        return 0.5 * x * (1 + torch.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    graph = capture(Call(gelu), (torch.rand(2, 5),))
    assert [node.op for node in graph.nodes] == ["gelu"]
    agrees(Call(gelu), graph, (3, 5))
    other = Call(lambda self, x: 0.5 * x * (1 + torch.tanh(0.7 * (x + 0.044715 * x**3))))
    assert "tanh" in {node.op for node in capture(other, (torch.rand(2, 5),)).nodes}


class Recurrent(nn.Module):
    def __init__(self, layer, *, states):
        super().__init__()
        self.layer, self.states = layer, states

    def forward(self, x, *start):
        start = start if len(start) > 1 else start[0] if start else None
        y, last = self.layer(x, start)
        last = last if isinstance(last, tuple) else (last,)
        return (y, *last) if self.states else y


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(("layers", "both"), [(1, False), (1, True), (3, True)])
def test_recurrent_layers(kind, batch_first, layers, both):
    torch.manual_seed(0)
    layer = kind(3, 4, layers, batch_first=batch_first, bidirectional=both, bias=layers != 1)
    model = Recurrent(layer, states=True)
    graph = capture(model, (torch.zeros(2, 5, 3),))
    # the first axis is called n, be it the batch or the time
    assert graph.inputs[0].shape == (n, length, 3)
    for shape in ((2, 5, 3), (4, 1, 3), (1, 9, 3)):
        agrees(model, graph, shape)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_recurrent_layers_that_start_where_the_caller_says(kind):
    torch.manual_seed(0)
    model = Recurrent(kind(3, 4, 2, batch_first=True), states=False)
    starts = 2 if kind is nn.LSTM else 1
    example = (torch.rand(2, 5, 3), *(torch.rand(2, 2, 4) for _ in range(starts)))
    graph = capture(model, example)
    agrees(model, graph, (2, 5, 3), *[(2, 2, 4)] * starts)


def test_zeros_of_a_recurrent_layer_stay_zeros():
    layer = nn.LSTM(3, 4)
    with torch.no_grad():
        layer.weight_ih_l0[:, 1] = 0
    graph = capture(Recurrent(layer, states=False), (torch.zeros(2, 5, 3),))
    linear = next(node for node in graph.nodes if node.op == "linear")
    assert not graph.constants[linear.inputs[1]][:, 1].any()


def test_recurrent_layers_that_a_graph_cannot_say():
    with pytest.raises(UnsupportedError, match=r"lstm in module 'layer'.*without packed sequences"):
        capture(Recurrent(nn.LSTM(3, 4, proj_size=2), states=False), (torch.zeros(2, 5, 3),))
    with pytest.raises(UnsupportedError, match=r"rnn_tanh in module 'layer'.*Use nn.LSTM"):
        capture(Recurrent(nn.RNN(3, 4), states=False), (torch.zeros(2, 5, 3),))
