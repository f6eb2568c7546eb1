"""Attention whose heads are channels of one value, cut out from either end."""

from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from tenth.graph import Graph
from tenth.graph.capture import capture
from tenth.graph.shapes import infer
from tenth.ship import compile
from tenth.ship.check import relative_error
from tenth.ship.emit.heads import find_heads

HEADS, DEPTH = 2, 4
WIDTH = HEADS * DEPTH


class Attention(nn.Module):
    """One layer makes queries, keys and values."""

    def __init__(self):
        super().__init__()
        self.before, self.after = nn.Linear(5, 3 * WIDTH), nn.Linear(WIDTH, 5)

    def forward(self, x):
        made = self.before(x)
        parts = (made[..., i * WIDTH : (i + 1) * WIDTH] for i in range(3))
        query, key, value = (
            part.reshape(*part.shape[:2], HEADS, DEPTH).transpose(1, 2) for part in parts
        )
        met = scaled_dot_product_attention(query, key, value).transpose(1, 2)
        return self.after(met.reshape(*x.shape[:2], WIDTH))


def counted_from_the_end(graph: Graph) -> Graph:
    """The same graph with slices whose starts are below zero."""
    nodes = tuple(
        replace(node, attributes={**node.attributes, "start": node.attributes["start"] - 3 * WIDTH})
        if node.op == "slice"
        else node
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def test_heads_cut_from_the_end_are_what_torch_makes_of_them():
    torch.manual_seed(0)
    model, x = Attention(), torch.randn(2, 7, 5)
    program = compile(counted_from_the_end(capture(model, (x,))), x.numpy())
    with torch.no_grad():
        expected = model.double()(x.double()).numpy()
    assert relative_error(program(x.numpy()), expected) <= 1e-6


def test_heads_cut_from_the_start_take_no_moves():
    graph = capture(Attention(), (torch.randn(2, 7, 5),))
    (found,) = find_heads(graph, infer(graph)).values()
    assert [source.first for source in found.sources()] == [0, WIDTH, 2 * WIDTH]
    assert len({source.value for source in found.sources()}) == 1
