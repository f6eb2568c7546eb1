"""A curve that a model writes out, found again as one node."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tenth.graph.program import Graph, Node
from tenth.graph.simplify import drop_unused


def join_gelu(graph: Graph) -> Graph:
    """The approximation of gelu, written out, as one node.

    0.5 * x * (1 + tanh(0.79788 * (x + 0.044715 * x * x * x)))  -->  gelu(x)

    Source: `NewGELUActivation` of transformers, and the first code of GPT-2.
    """
    nodes = {node.name: node for node in graph.nodes}
    finder = _Finder(nodes, graph.constants)
    for node in graph.nodes:
        x = finder.gelu(node)
        if x is not None:
            nodes[node.name] = replace(
                node, op="gelu", inputs=(x,), attributes={"approximate": "tanh"}
            )
    return drop_unused(replace(graph, nodes=tuple(nodes.values())))


class _Finder:
    """Asks what a value is made of."""

    def __init__(self, nodes: Mapping[str, Node], constants: Mapping[str, np.ndarray]) -> None:
        self.nodes = nodes
        self.constants = constants

    def gelu(self, node: Node) -> str | None:
        """The x of a node that ends a gelu."""
        if node.op != "mul":
            return None
        for half, bent in (node.inputs, node.inputs[::-1]):
            x = self.plain(half, "mul", 0.5)
            turned = self.plain(bent, "add", 1.0)
            curve = self.nodes.get(turned or "")
            if x is None or curve is None or curve.op != "tanh":
                continue
            inner = self.plain(curve.inputs[0], "mul", math.sqrt(2 / math.pi))
            if inner is not None and self.is_bent(inner, x):
                return x
        return None

    def plain(self, name: str, op: str, number: float) -> str | None:
        """What a value is made of by adding or multiplying a number."""
        node = self.nodes.get(name)
        if node is None or node.op != op:
            return None
        for x, other in (node.inputs, node.inputs[::-1]):
            known = self.constants.get(other)
            if (
                known is not None
                and known.size == 1
                and math.isclose(known.item(), number, rel_tol=1e-6)
            ):
                return x
        return None

    def is_bent(self, name: str, x: str) -> bool:
        """Whether a value is x + 0.044715 * x * x * x."""
        node = self.nodes.get(name)
        if node is None or node.op != "add" or x not in node.inputs:
            return False
        other = node.inputs[1 - node.inputs.index(x)]
        cube = self.nodes.get(self.plain(other, "mul", 0.044715) or "")
        if cube is None or cube.op != "mul" or x not in cube.inputs:
            return False
        square = self.nodes.get(cube.inputs[1 - cube.inputs.index(x)])
        return square is not None and square.op == "mul" and square.inputs == (x, x)
