"""A graph as people read it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tenth.graph.count import PRUNED
from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape, show
from tenth.graph.shapes import infer


def text(graph: Graph) -> str:
    """One line a value: its name, how it is made, its shape, and what is kept of its weights.

        input   x                                              [n, 1, h, w] float32
        conv1 = conv(x, conv1_weight [4, 1, 3, 3]) stride 1 1  [n, 4, h, w]          3 of 36 weights
        output  conv1

    Raises:
        InputError: the shapes of the graph do not fit (see `tenth.graph.verify`).
    """
    shapes = infer(graph)
    rows = [("input", v.name, f"{show(v.shape)} {v.dtype}", "") for v in graph.inputs]
    for node in graph.nodes:
        made = " ".join([f"{node.op}({_read(graph, node, shapes)})", *_words(node.attributes)])
        rows.append((f"{node.name} =", made, show(shapes[node.name]), _kept(graph, node)))
    rows += [("output", name, show(shapes[name]), "") for name in graph.outputs]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = (
        "  ".join(part.ljust(width) for part, width in zip(row, [*widths, 0], strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _read(graph: Graph, node: Node, shapes: Mapping[str, Shape]) -> str:
    return ", ".join(
        f"{name} {show(shapes[name])}" if name in graph.constants else name for name in node.inputs
    )


def _words(attributes: Mapping[str, Any]) -> list[str]:
    words = []
    for name, value in attributes.items():
        if isinstance(value, bool):
            words += [name] if value else []
        else:
            many = value if isinstance(value, tuple) else (value,)
            words.append(f"{name} {' '.join(map(str, many))}")
    return words


def _kept(graph: Graph, node: Node) -> str:
    if node.op not in PRUNED:
        return ""
    weight = graph.constants[node.inputs[1]]
    return f"{np.count_nonzero(weight)} of {weight.size} weights"
