"""Passes from graph to graph that leave its outputs alone."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tenth.graph.program import Graph, Node
from tenth.graph.shapes import infer

RISING = ("channel_affine", "relu", "clip")
"""Ops that hoist moves: they know an element by its channel alone."""


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


def merge(graph: Graph) -> Graph:
    """Of nodes that do the same to the same values the first stays, unless they are outputs.

    y = relu(x); z = relu(x); return y + z  -->  y = relu(x); return y + y
    """
    names: dict[str, str] = {}
    known: dict[tuple[Any, ...], str] = {}
    nodes = []
    for node in graph.nodes:
        inputs = tuple(names.get(name, name) for name in node.inputs)
        key = (node.op, inputs, *sorted(node.attributes.items()))
        if key in known and node.name not in graph.outputs:
            names[node.name] = known[key]
            continue
        known.setdefault(key, node.name)
        nodes.append(replace(node, inputs=inputs))
    return replace(graph, nodes=tuple(nodes))


def hoist(graph: Graph) -> Graph:
    """What works on each channel goes before a change of resolution, next to the layer behind it.

    y = conv(x); z = depth_to_space(y); u = relu(z)  -->  y = conv(x); z = relu(y); u = …(z)
    """
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    readers.update(graph.outputs)
    nodes = {node.name: node for node in graph.nodes}
    constants = dict(graph.constants)
    for name in list(nodes):
        while _may_rise(nodes, nodes[name], readers):
            node, mover = nodes[name], nodes[nodes[name].inputs[0]]
            vectors = node.inputs[1:]
            if mover.op == "depth_to_space" and vectors:
                times = math.prod(mover.attributes["block"])
                vectors = tuple(_repeated(vector, times, constants) for vector in vectors)
            # the names stay where the values are, so that no reader changes
            nodes[name] = replace(mover, name=name, inputs=(mover.name,))
            nodes[mover.name] = replace(node, name=mover.name, inputs=(mover.inputs[0], *vectors))
            name = mover.name
    return drop_unused(replace(graph, nodes=tuple(nodes.values()), constants=constants))


def _may_rise(nodes: Mapping[str, Node], node: Node, readers: Mapping[str, int]) -> bool:
    """Whether a node can change places with what it reads."""
    mover = nodes.get(node.inputs[0])
    if mover is None or readers[mover.name] != 1 or node.op not in RISING:
        return False
    if mover.op == "slice":
        # not past a slice of something else, where it would work on more
        before = nodes.get(mover.inputs[0])
        while before is not None and before.op == "slice":
            before = nodes.get(before.inputs[0])
        spatial = mover.attributes["axis"] >= 2
        return spatial and before is not None and before.op == "depth_to_space"
    return mover.op == "depth_to_space"


def _repeated(name: str, times: int, constants: dict[str, np.ndarray]) -> str:
    """The name of a vector each of whose numbers stands there several times."""
    longer = f"{name}_by_{times}"
    if longer not in constants:
        constants[longer] = np.repeat(constants[name], times)
    return longer


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
