from dataclasses import replace

import numpy as np
import pytest

from tenth.graph import Graph, Node, Value, run, verify
from tenth.graph.simplify import drop_unused, fold_affine, hoist, merge

rng = np.random.default_rng(0)
CONV = {"stride": (1,), "padding": (1,), "dilation": (1,), "groups": 2}


def constants(**shapes):
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def conv_then_affine(*, bias: bool) -> Graph:
    read = ("x", "w", "b") if bias else ("x", "w")
    return Graph(
        (Value("x", (2, 4, 5)),),
        (
            Node("conv", "conv", read, CONV, path="conv"),
            Node("norm", "channel_affine", ("conv", "s", "t"), path="norm"),
            Node("act", "relu", ("norm",)),
        ),
        ("act",),
        constants(w=(6, 2, 3), s=6, t=6) | (constants(b=6) if bias else {}),
    )


def same(before: Graph, after: Graph) -> None:
    verify(before)
    verify(after)
    inputs = [rng.normal(size=value.shape) for value in before.inputs]
    for a, b in zip(
        run(before, *inputs, dtype=np.float64), run(after, *inputs, dtype=np.float64), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_an_affine_goes_into_the_convolution_before_it(bias):
    before = conv_then_affine(bias=bias)
    before.constants["w"][1, 1] = 0
    after = fold_affine(before)
    assert [node.op for node in after.nodes] == ["conv", "relu"]
    assert after.nodes[0].path == "conv"
    assert len(after.constants) == 2
    weight = after.constants[after.nodes[0].inputs[1]]
    np.testing.assert_array_equal(weight == 0, before.constants["w"] == 0)
    same(before, after)


def test_a_linear_layer_takes_it_where_its_outputs_are_the_channels():
    nodes = (
        Node("fc", "linear", ("x", "w")),
        Node("norm", "channel_affine", ("fc", "s", "t")),
    )
    flat = Graph((Value("x", (2, 4)),), nodes, ("norm",), constants(w=(3, 4), s=3, t=3))
    after = fold_affine(flat)
    assert [node.op for node in after.nodes] == ["linear"]
    same(flat, after)
    # here axis 1 is not what the layer makes
    deep = replace(flat, inputs=(Value("x", (2, 3, 4)),))
    assert fold_affine(deep) == deep


def test_a_value_that_others_read_stays():
    graph = conv_then_affine(bias=True)
    shown = replace(graph, outputs=("act", "conv"))
    assert fold_affine(shown) == shown
    twice = replace(graph, nodes=(*graph.nodes, Node("z", "add", ("conv", "act"))), outputs=("z",))
    assert fold_affine(twice) == twice


def test_affine_after_affine_after_convolution_all_fold():
    graph = conv_then_affine(bias=True)
    nodes = list(graph.nodes)
    nodes.insert(2, Node("again", "channel_affine", ("norm", "s", "t")))
    nodes[3] = Node("act", "relu", ("again",))
    before = replace(graph, nodes=tuple(nodes))
    after = fold_affine(before)
    assert [node.op for node in after.nodes] == ["conv", "relu"]
    same(before, after)


def test_what_no_output_needs_goes():
    graph = conv_then_affine(bias=True)
    extra = replace(
        graph,
        nodes=(*graph.nodes, Node("dead", "channel_affine", ("act", "s", "unread"))),
        constants={**graph.constants, **constants(unread=6)},
    )
    assert drop_unused(extra) == graph


def test_equal_nodes_become_one_but_outputs_stay():
    x = Value("x", (2, 3))
    nodes = (
        Node("a", "relu", ("x",)),
        Node("b", "relu", ("x",)),
        Node("c", "clip", ("b",), {"low": 0.0, "high": 1.0}),
        Node("d", "clip", ("a",), {"low": 0.0, "high": 2.0}),
        Node("e", "add", ("c", "d")),
        Node("f", "relu", ("x",)),
    )
    before = Graph((x,), nodes, ("e", "f"))
    after = merge(before)
    assert [node.name for node in after.nodes] == ["a", "c", "d", "e", "f"]
    assert after.nodes[1].inputs == ("a",)
    same(before, after)


def risen(*more: Node, outputs=("act",)) -> tuple[Graph, Graph]:
    """A graph with a change of resolution between a layer and what could be part of it."""
    nodes = (
        Node("conv", "conv", ("x", "w"), CONV | {"padding": (1,)}),
        Node("wide", "depth_to_space", ("conv",), {"block": (3,)}),
        Node("cut", "slice", ("wide",), {"axis": 2, "start": 1, "stop": 0, "step": 1}),
        Node("norm", "channel_affine", ("cut", "s", "t")),
        Node("act", "relu", ("norm",)),
        *more,
    )
    values = constants(w=(6, 2, 3), s=2, t=2)
    before = Graph((Value("x", (2, 4, 5)),), nodes, outputs, values)
    return before, hoist(before)


def test_what_knows_only_channels_goes_before_a_change_of_resolution():
    before, after = risen()
    ops = ["conv", "channel_affine", "relu", "depth_to_space", "slice"]
    assert [node.op for node in after.nodes] == ops
    same(before, after)
    assert [node.op for node in fold_affine(after).nodes] == ["conv", *ops[2:]]
    same(before, fold_affine(after))


def test_what_others_read_does_not_rise():
    before, after = risen(Node("sum", "add", ("cut", "act")), outputs=("sum",))
    assert [node.op for node in after.nodes] == [node.op for node in before.nodes]
    before, after = risen(outputs=("act", "wide"))
    assert [node.op for node in after.nodes][:2] == ["conv", "depth_to_space"]
    same(before, after)
