import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.graph import Dim, Graph, Node, Value, verify
from tenth.graph.names import identifier, named


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("block.0.relu", "block_0_relu"),
        ("0", "layer_0"),
        ("double", "double_"),
        ("_private", "layer_private"),
        ("", "layer_"),
        ("größe", "gr__e"),
    ],
)
def test_a_path_as_an_identifier(path, name):
    assert identifier(path) == name


@settings(deadline=None)
@given(st.text())
def test_every_path_is_an_identifier(path):
    assert re.fullmatch(r"[A-Za-z]\w*", identifier(path), re.ASCII)


def test_names_come_from_modules_and_never_meet():
    x = Value("n", (Dim.symbol("n"), 2))
    paths = ["act", "", "act", "block", "int", "block.add"]
    nodes = [
        Node(f"v{i}", "relu", ("n" if i == 0 else f"v{i - 1}",), path=path)
        for i, path in enumerate(paths)
    ]
    nodes.append(Node("v6", "add", ("v5", "v5"), path="block"))
    graph = Graph((x,), tuple(nodes), ("v6", "v0"))
    result = named(graph, {"act", "int"})
    verify(result)
    assert result.inputs[0].name == "n_1"  # the size has the name already
    assert [node.name for node in result.nodes] == [
        "act",
        "relu",
        "act_1",
        "block_relu",
        "int_",
        "block_add_relu",
        "block_add",
    ]
    assert result.outputs == ("block_add", "act")
    assert result == named(graph, {"act", "int"})
