"""What a layer does at a stroke: the sum with a residual and the cut at bounds that follow it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape

WEIGHTED = ("linear", "conv")
_BOUNDING = ("relu", "clip")
UNBOUNDED = (-float("inf"), float("inf"))


@dataclass(frozen=True)
class Tail:
    """What follows a layer: a residual is added, then bounds cut off, by these nodes."""

    nodes: tuple[str, ...] = ()
    residual: str | None = None
    bounds: tuple[float, float] = UNBOUNDED


def is_depthwise(graph: Graph, node: Node) -> bool:
    """Whether each output of a convolution meets one channel."""
    return (
        node.op == "conv"
        and node.attributes["groups"] > 1
        and graph.constants[node.inputs[1]].shape[1] == 1
    )


def tails(graph: Graph, shapes: Mapping[str, Shape]) -> dict[str, Tail]:
    """The tail of each weighted layer. A node is in one tail at most."""
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    alone = {name for name, count in readers.items() if count == 1} - set(graph.outputs)
    follower = {name: node for node in graph.nodes for name in node.inputs if name in alone}
    found: dict[str, Tail] = {}
    taken: set[str] = set()
    # from the back: of two layers that are added, the later one finds the other's result ready
    for node in reversed(graph.nodes):
        if node.op in WEIGHTED:
            tail = Tail()
            for longer in _longer(graph, node, follower, shapes):
                if taken.intersection(longer.nodes):
                    break
                tail = longer
            taken.update(tail.nodes)
            found[node.name] = tail
    return found


def bounds(node: Node) -> tuple[float, float]:
    """The lowest and the highest value that a relu or clip lets through."""
    if node.op == "relu":
        return 0.0, float("inf")
    return node.attributes["low"], node.attributes["high"]


def _longer(
    graph: Graph, layer: Node, follower: Mapping[str, Node], shapes: Mapping[str, Shape]
) -> Iterator[Tail]:
    """Ever longer tails of a layer."""
    tail = Tail()
    following = follower.get(layer.name)
    if following is not None and following.op == "add" and not is_depthwise(graph, layer):
        (other,) = (name for name in following.inputs if name != layer.name)
        if other not in graph.constants and shapes[other] == shapes[layer.name]:
            tail = Tail((following.name,), other)
            yield tail
            following = follower.get(following.name)
    if following is not None and following.op in _BOUNDING:
        yield Tail((*tail.nodes, following.name), tail.residual, bounds(following))
