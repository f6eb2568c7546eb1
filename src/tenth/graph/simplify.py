"""Passes from graph to graph that leave its outputs alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tenth.graph.program import Graph, Node
from tenth.graph.shapes import infer


def drop_unused(graph: Graph) -> Graph:
    """Nodes and constants that no output needs go; inputs stay.

    y = relu(x); z = tanh(x); return z  -->  z = tanh(x); return z
    """
    needed = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return replace(
        graph,
        nodes=tuple(node for node in graph.nodes if node.name in needed),
        constants={name: array for name, array in graph.constants.items() if name in needed},
    )


def fold_affine(graph: Graph) -> Graph:
    """A channel_affine goes into the linear or conv before it, if that has no other reader.

    y = conv(x, w, b); z = channel_affine(y, s, t)  -->  z = conv(x, s * w, s * b + t)

    A zero of w stays a zero.
    """
    shapes = infer(graph)
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    readers.update(graph.outputs)
    nodes: dict[str, Node] = {}
    constants = dict(graph.constants)
    for node in graph.nodes:
        before = nodes.get(node.inputs[0])
        foldable = (
            node.op == "channel_affine"
            and before is not None
            and readers[before.name] == 1
            # a linear has its outputs on the last axis, an affine its channels on axis 1
            and (before.op == "conv" or (before.op == "linear" and len(shapes[before.name]) == 2))
        )
        if foldable and before is not None:
            del nodes[before.name]
            nodes[node.name] = _folded(before, node, constants)
        else:
            nodes[node.name] = node
    return drop_unused(replace(graph, nodes=tuple(nodes.values()), constants=constants))


def _folded(before: Node, affine: Node, constants: dict[str, np.ndarray]) -> Node:
    """`before` with new constants under the name of `affine`; they are added to `constants`."""
    weight, *bias = (constants[name].astype(np.float64) for name in before.inputs[1:])
    scale, shift = (constants[name].astype(np.float64) for name in affine.inputs[1:])
    folded = {
        "weight": weight * scale.reshape(-1, *(1,) * (weight.ndim - 1)),
        "bias": (bias[0] * scale if bias else 0) + shift,
    }
    names = {role: _unused(f"{before.name}_{role}", constants) for role in folded}
    constants.update({names[role]: folded[role].astype(np.float32) for role in folded})
    return replace(before, name=affine.name, inputs=(before.inputs[0], *names.values()))


def _unused(name: str, taken: Mapping[str, object]) -> str:
    while name in taken:
        name += "_folded"
    return name
