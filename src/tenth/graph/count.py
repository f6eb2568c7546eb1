"""What a program costs: weights, bytes and FLOPs, node by node, exactly.

A FLOP is one multiply, add, subtract, divide, compare, square root, exp, log, tanh or erf; a
multiply-accumulate is 2. A bias is where its sum begins, so it costs nothing. Windows count whole,
padding included. Moving data costs bytes, not FLOPs.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from tenth.graph.program import Graph, Node
from tenth.graph.shapes import infer

FLOAT_BYTES = 4
MULTIPLIED = ("linear", "conv", "matmul", "attention", "lstm", "gru")
"""The ops made of multiply-accumulates, or for the most part so: what other counters count."""

PRUNED = ("linear", "conv", "embedding")
"""The ops with a weight in which zeros are pruned weights; elsewhere a zero is a number."""

Shapes = Sequence[tuple[int, ...]]
Cost = Callable[[Shapes, tuple[int, ...], Mapping[str, Any]], int]


@dataclass(frozen=True)
class NodeCount:
    """One node. A constant read by several nodes is counted at the first.

    `kept_weights` leaves out the zeros of a linear, conv or embedding weight; `useful_flops` leaves
    out the multiply-accumulates with them. `activation_bytes` is the size of the node's output.
    """

    name: str
    op: str
    path: str
    weights: int
    weight_bytes: int
    kept_weights: int
    flops: int
    useful_flops: int
    activation_bytes: int


@dataclass(frozen=True)
class Count:
    """A whole program; each total is the sum over its nodes."""

    nodes: tuple[NodeCount, ...]

    @property
    def weights(self) -> int:
        """All numbers in the constants."""
        return sum(node.weights for node in self.nodes)

    @property
    def weight_bytes(self) -> int:
        """The same as dense float32."""
        return sum(node.weight_bytes for node in self.nodes)

    @property
    def kept_weights(self) -> int:
        """All numbers in the constants, without pruned ones."""
        return sum(node.kept_weights for node in self.nodes)

    @property
    def flops(self) -> int:
        """FLOPs of one run where every zero is multiplied."""
        return sum(node.flops for node in self.nodes)

    @property
    def useful_flops(self) -> int:
        """FLOPs of one run where no pruned weight is multiplied."""
        return sum(node.useful_flops for node in self.nodes)

    @property
    def multiplied_flops(self) -> int:
        """FLOPs of the nodes made of products alone, zeros included."""
        return sum(node.flops for node in self.nodes if node.op in MULTIPLIED)

    @property
    def activation_bytes(self) -> int:
        """Bytes that all nodes write."""
        return sum(node.activation_bytes for node in self.nodes)


def count(graph: Graph, sizes: Mapping[str, int] | None = None) -> Count:
    """Count one run of the graph at these free sizes.

    Raises:
        InputError: a free size is missing, or too small for a node.
    """
    shapes = cast(dict[str, tuple[int, ...]], infer(graph, sizes or {}))
    seen: set[str] = set()
    nodes = []
    for node in graph.nodes:
        fresh = {name for name in node.inputs if name in graph.constants} - seen
        seen |= fresh
        nodes.append(_count_node(graph, node, shapes, fresh))
    return Count(tuple(nodes))


def _count_node(
    graph: Graph, node: Node, shapes: Mapping[str, tuple[int, ...]], fresh: set[str]
) -> NodeCount:
    read = [shapes[name] for name in node.inputs]
    output = shapes[node.name]
    flops = FLOPS[node.op](read, output, node.attributes)
    weights = sum(graph.constants[name].size for name in fresh)
    pruned = 0
    useful = flops
    if node.op in PRUNED:
        weight = graph.constants[node.inputs[1]]
        zeros = weight.size - int(np.count_nonzero(weight))
        pruned = zeros if node.inputs[1] in fresh else 0
        # each weight is multiplied equally often
        useful = flops - flops // weight.size * zeros
    return NodeCount(
        name=node.name,
        op=node.op,
        path=node.path,
        weights=weights,
        weight_bytes=FLOAT_BYTES * weights,
        kept_weights=weights - pruned,
        flops=flops,
        useful_flops=useful,
        activation_bytes=FLOAT_BYTES * math.prod(output),
    )


def _each(flops: int) -> Cost:
    """So many FLOPs for each element of the output."""
    return lambda read, output, attributes: flops * math.prod(output)


def _products(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    """A multiply-accumulate for each output and each weight of one output."""
    return 2 * math.prod(output) * math.prod(read[1][1:])


def _matmul(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    return 2 * math.prod(output) * read[0][-1]


def _layer_norm(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    """Sum, subtract, square, sum, divide for each element; then scale and shift.

    For each mean and variance: two divisions, adding epsilon, a root.
    """
    groups = math.prod(output[: len(output) - attributes["axes"]])
    return (4 + len(read)) * math.prod(output) + 4 * groups


def _group_norm(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    """As a layer norm of each group."""
    return (4 + len(read)) * math.prod(output) + 4 * output[0] * attributes["groups"]


def _log_softmax(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    """Compare, subtract, exp, add, subtract for each element; a log for each row."""
    return 5 * math.prod(output) + math.prod(output) // output[attributes["axis"]]


def _attention(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    """For each pair that meets: two products, the scale, the mask, and those of a softmax."""
    query, key, value, *mask = read
    rows, columns = query[-2], key[-2]
    pairs = (
        sum(min(r + 1, columns) for r in range(rows)) if attributes["causal"] else rows * columns
    )
    return math.prod(query[:-2]) * pairs * (2 * query[-1] + 2 * value[-1] + 6 + len(mask))


def _recurrent(gates: int, more: int) -> Cost:
    """The product of the state with the weight, and `more` for each element of the state."""

    def cost(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
        width = read[0][2] // gates
        return math.prod(output[:2]) * width * (2 * gates * width + more)

    return cost


def _resize(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    """Along each axis in turn: subtract, multiply, add."""
    if attributes["mode"] == "nearest":
        return 0
    sizes = [*read[0]]
    flops = 0
    for axis in range(2, len(sizes)):
        sizes[axis] = output[axis]
        flops += 3 * math.prod(sizes)
    return flops


def _gelu(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    return {"none": 5, "tanh": 9}[attributes["approximate"]] * math.prod(output)


def _mean(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    return math.prod(read[0]) + math.prod(output)


def _sum(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
    return math.prod(read[0])


def _window(divisions: int) -> Cost:
    """One FLOP for each element of a window, and the division of an average."""

    def cost(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
        return math.prod(output) * (math.prod(attributes["kernel"]) + divisions)

    return cost


def _adaptive(divisions: int) -> Cost:
    """The same, with windows that differ in length."""

    def cost(read: Shapes, output: tuple[int, ...], attributes: Mapping[str, Any]) -> int:
        lengths = [
            sum(-(-(i + 1) * size // outputs) - i * size // outputs for i in range(outputs))
            for size, outputs in zip(read[0][2:], output[2:], strict=True)
        ]
        return math.prod(output[:2]) * math.prod(lengths) + divisions * math.prod(output)

    return cost


FLOPS: Mapping[str, Cost] = {
    "linear": _products,
    "conv": _products,
    "channel_affine": _each(2),
    "embedding": _each(0),
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "softmax": _each(5),  # compare, subtract, exp, add, divide
    "log_softmax": _log_softmax,
    "relu": _each(1),
    "sigmoid": _each(3),  # exp, add, divide
    "tanh": _each(1),
    "silu": _each(3),
    "hardswish": _each(5),  # add, two compares, multiply, divide
    "hardsigmoid": _each(4),
    "gelu": _gelu,
    "softplus": _each(5),  # compare, exp, add, log, add
    "exp": _each(1),
    "sqrt": _each(1),
    "clip": _each(2),
    "add": _each(1),
    "sub": _each(1),
    "mul": _each(1),
    "div": _each(1),
    "equal": _each(1),
    "less": _each(1),
    "prelu": _each(2),  # compare, multiply
    "cast": _each(0),
    "concat": _each(0),
    "slice": _each(0),
    "fit": _each(0),
    "pad": _each(0),
    "max_pool": _window(0),
    "avg_pool": _window(1),
    "adaptive_avg_pool": _adaptive(1),
    "adaptive_max_pool": _adaptive(0),
    "resize": _resize,
    "depth_to_space": _each(0),
    "reshape": _each(0),
    "transpose": _each(0),
    "mean": _mean,
    "sum": _sum,
    "max": _sum,
    "matmul": _matmul,
    "attention": _attention,
    "lstm": _recurrent(4, 15),  # three sigmoids, two tanh, three multiplies, an add
    "gru": _recurrent(3, 12),  # two sigmoids, a tanh, two multiplies, two adds, a subtract
}
