"""How much each step of a program computes and moves, so that its time can be judged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import cast

from tenth.graph.count import FLOAT_BYTES, count
from tenth.graph.program import Graph
from tenth.graph.shapes import infer

_ID_BYTES = 8


@dataclass(frozen=True)
class Work:
    """One step at the example's sizes.

    `flops` count every weight and `useful_flops` those that are not zero; `moved_bytes` are the
    activations read and written and the kept weights as float32, once each.
    """

    name: str
    path: str
    op: str
    flops: int
    useful_flops: int
    moved_bytes: int


def work(graph: Graph, sizes: Mapping[str, int], steps: Iterable[str]) -> tuple[Work, ...]:
    """The work of the nodes that are steps of a program, in the order given.

    What is computed at a stroke with a layer, such as a relu, is left out: it is next to nothing.
    """
    shapes = cast(dict[str, tuple[int, ...]], infer(graph, sizes))
    widths = {value.name: _ID_BYTES for value in graph.inputs if value.dtype == "int64"}
    counted = {node.name: node for node in count(graph, sizes).nodes}
    nodes = {node.name: node for node in graph.nodes}
    found: list[Work] = []
    for name in dict.fromkeys(steps):
        if name not in nodes:
            continue
        node, costs = nodes[name], counted[name]
        read = {one for one in node.inputs if one not in graph.constants}
        moved = sum(widths.get(one, FLOAT_BYTES) * prod(shapes[one]) for one in read)
        moved += costs.activation_bytes + FLOAT_BYTES * costs.kept_weights
        found.append(Work(name, node.path, node.op, costs.flops, costs.useful_flops, moved))
    return tuple(found)
