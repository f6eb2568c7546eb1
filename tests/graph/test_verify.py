from dataclasses import replace

import numpy as np
import pytest

from tenth.errors import InputError, UnsupportedError
from tenth.graph import Dim, Graph, Node, Value, verify

CONV = {"stride": (1,), "padding": (0,), "dilation": (1,), "groups": 1}


def good() -> Graph:
    return Graph(
        inputs=(Value("x", (Dim.symbol("n"), 2, Dim.symbol("l"))),),
        nodes=(
            Node("conv", "conv", ("x", "w", "b"), CONV, path="block.conv"),
            Node("act", "relu", ("conv",)),
        ),
        outputs=("act",),
        constants={"w": np.ones((3, 2, 3), np.float32), "b": np.zeros(3, np.float32)},
    )


def node(**changes) -> Graph:
    graph = good()
    return replace(graph, nodes=(replace(graph.nodes[0], **changes), graph.nodes[1]))


def constant(array) -> Graph:
    return replace(good(), constants={**good().constants, "w": array})


def test_a_good_graph_passes():
    verify(good())


NAN = np.ones((3, 2, 3), np.float32)
NAN[1, 1, 1] = np.nan

BAD = {
    "name with a dot": (node(name="a.b"), r"name must be letters, digits and _ only\. Got 'a\.b'"),
    "empty name": (node(name=""), "a name must be"),
    "name twice": (node(name="act"), "name 'act' must be used once"),
    "name of a constant": (node(name="w"), "name 'w' must be used once"),
    "unknown input": (
        node(inputs=("z", "w", "b")),
        r"'conv' \(conv, module 'block.conv'\) reads 'z'",
    ),
    "cycle": (node(inputs=("act", "w", "b")), "reads 'act', which nothing before it makes"),
    "too few": (node(inputs=("x",)), r"reads must be 2 to 3 values\. Got 1"),
    "too many": (node(op="relu", attributes={}), r"reads must be 1 values\. Got 3"),
    "missing attribute": (node(attributes={}), r"attributes of .* must be \['dilation', 'groups'"),
    "extra attribute": (node(attributes={**CONV, "bias": 1}), r"attributes of .* must be"),
    "attribute of a wrong type": (
        node(attributes={**CONV, "stride": 1}),
        r"stride of .* must be a tuple of integers, each 1 or more\. Got 1",
    ),
    "boolean as integer": (node(attributes={**CONV, "groups": True}), "groups of .* must be"),
    "attribute out of range": (node(attributes={**CONV, "stride": (0,)}), "stride of .* must be"),
    "attribute of a wrong length": (
        node(attributes={**CONV, "stride": (1, 1)}),
        r"node 'conv' .* reading \[n, 2, l\], \[3, 2, 3\], \[3\]: stride must be 1 long",
    ),
    "shapes": (constant(np.ones((3, 5, 3), np.float32)), r"the channels of x must be 5\. Got 2"),
    "double constant": (constant(np.ones((3, 2, 3))), "constant 'w' must be float32. Got float64"),
    "NaN": (constant(NAN), r"constant 'w' must be finite\. Got 1 of 18 NaN or inf"),
    "computed weight": (node(inputs=("x", "x")), "'x', a weight of node 'conv' .* a constant"),
    "no outputs": (replace(good(), outputs=()), "at least one output"),
    "unknown output": (replace(good(), outputs=("y",)), "output 'y' must be the name of a node"),
    "input as output": (replace(good(), outputs=("x",)), "output 'x' must be the name of a node"),
    "output twice": (replace(good(), outputs=("act", "act")), "outputs must be named once each"),
    "size 0": (replace(good(), inputs=(Value("x", (0, 2, 9)),)), "a size of input 'x' must be"),
    "size with arithmetic": (
        replace(good(), inputs=(Value("x", (Dim.symbol("n") + 1, 2, 9)),)),
        r"a size of input 'x' must be 1 or more, or a name\. Got n \+ 1",
    ),
    "type of an input": (
        replace(good(), inputs=(Value("x", (1, 2, 9), "float64"),)),
        "input 'x' must be float32 or int64",
    ),
    "ids outside an embedding": (
        replace(good(), inputs=(Value("x", (1, 2, 9), "int64"),)),
        "'x', read by node 'conv' .* must be float32",
    ),
    "cast of floats": (
        node(op="cast", attributes={}, inputs=("x",)),
        "'x', read by node 'conv' .* must be an int64 input",
    ),
    "computed weight of a recurrent layer": (
        node(op="gru", attributes={"time": 0, "reverse": False}, inputs=("x", "w", "x")),
        "'x', a weight of node 'conv' .* a constant",
    ),
    "embedding of floats": (
        node(op="embedding", attributes={}, inputs=("x", "w")),
        "'x', read by node 'conv' .* must be an int64 input",
    ),
    "too small": (replace(good(), inputs=(Value("x", (1, 2, 2)),)), "Give a larger input"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_graph_is_refused_with_words(case):
    graph, message = BAD[case]
    with pytest.raises(InputError, match=message):
        verify(graph)


def test_an_unknown_op_is_unsupported():
    with pytest.raises(UnsupportedError, match=r"must be one of linear, conv.*\. Got fft"):
        verify(node(op="fft"))


def test_of_some_values_only_the_sizes_are_read():
    ids = Value("ids", (Dim.symbol("n"), Dim.symbol("l")), "int64")
    fit = Node("y", "fit", ("table", "ids"), {"axes": (0,), "places": (1,)})
    graph = Graph((ids,), (fit,), ("y",), {"table": np.ones((9, 4), np.float32)})
    verify(graph)
    with pytest.raises(InputError, match="reads 'other'"):
        verify(replace(graph, nodes=(replace(fit, inputs=("table", "other")),)))
