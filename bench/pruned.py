"""Networks pruned by magnitude, layer by layer, to one density: what the bench of ship runs."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from tenth.graph import Graph, Node, Value, bind
from tenth.graph.dims import Dim, at
from tenth.layouts import Block, Dense, Layout, Unstructured, kept_count

Which = Callable[[Graph, Node], bool]


def all_but_the_stem(graph: Graph, node: Node) -> bool:
    """Every linear layer and convolution, save the first convolution and depthwise ones."""
    convs = [other.name for other in graph.nodes if other.op == "conv"]
    if node.op == "conv":
        return node.name != convs[0] and node.attributes["groups"] == 1
    return node.op == "linear"


def pointwise(graph: Graph, node: Node) -> bool:
    """Convolutions of one by one."""
    return node.op == "conv" and set(graph.constants[node.inputs[1]].shape[2:]) == {1}


def pruned(graph: Graph, density: float, layout: Layout, which: Which) -> Graph:
    """The graph with the largest weights of some layers kept, the same share of each."""
    names = [node.inputs[1] for node in graph.nodes if which(graph, node)]
    fewer = {name: _kept(graph.constants[name], density, layout) for name in names}
    return replace(graph, constants={**graph.constants, **fewer})


def _kept(weight: np.ndarray, density: float, layout: Layout) -> np.ndarray:
    matrix = weight.reshape(len(weight), -1)
    match layout:
        case Dense():
            return weight
        case Unstructured():
            mask = _largest(np.abs(matrix), density)
        case Block(rows, columns):
            sums = np.add.reduceat(np.abs(matrix), range(0, matrix.shape[0], rows), axis=0)
            sums = np.add.reduceat(sums, range(0, matrix.shape[1], columns), axis=1)
            mask = _largest(sums, density).repeat(rows, 0).repeat(columns, 1)
            mask = mask[: matrix.shape[0], : matrix.shape[1]]
        case _:
            raise ValueError(f"no bench prunes to {layout}")
    return np.where(mask, matrix, np.float32(0)).reshape(weight.shape)


def _largest(scores: np.ndarray, density: float) -> np.ndarray:
    kept = kept_count(scores.size, density)
    mask = np.zeros(scores.size, bool)
    mask[np.argpartition(scores, scores.size - kept, axis=None)[scores.size - kept :]] = True
    return mask.reshape(scores.shape)


def fixed(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """The graph with its free sizes given: what rivals like best."""
    inputs = (
        replace(value, shape=tuple(at(size, sizes) for size in value.shape))
        for value in graph.inputs
    )
    return replace(graph, inputs=tuple(inputs))


def network(name: str) -> tuple[Graph, dict[str, int]]:
    """A network of `nets`, or `linear2048`, as a graph; and the free sizes of its example."""
    if name == "linear2048":
        rng = np.random.default_rng(0)
        weight = rng.standard_normal((2048, 2048), np.float32) / np.float32(32)
        bias = rng.standard_normal(2048, np.float32)
        graph = Graph(
            (Value("x", (Dim.symbol("n"), 2048)),),
            (Node("y", "linear", ("x", "weight", "bias"), path="linear"),),
            ("y",),
            {"weight": weight, "bias": bias},
        )
        return graph, {"n": 1}
    from nets import NETS
    from tenth.graph.capture import capture

    net = NETS[name]
    example = net.example()
    graph = capture(net.build(), example)
    return graph, bind(graph, [tuple(x.shape) for x in example])
