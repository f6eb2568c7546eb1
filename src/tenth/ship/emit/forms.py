"""Which values stand in panels, the form in which layers run fastest.

A panel holds all channels of a few pixels (or tokens, or rows of a batch) side by side. A value
stands in panels if what makes it can write them and all that read it can read them; any other
value stands as its shape says, row-major. Layers read and write both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from tenth.errors import UnsupportedError, must
from tenth.graph.dims import Size
from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape
from tenth.ship.emit.fuse import WEIGHTED, Tail, is_depthwise
from tenth.ship.emit.heads import Heads

MOST_PIXELS = 64
"""Of a panel, on any processor."""
_UNARY = ("relu", "clip", "sigmoid", "tanh", "silu", "hardswish", "hardsigmoid", "gelu")
"""Functions of each element."""
_PAIR = ("add", "sub", "mul")
_TIED = (*_UNARY, *_PAIR, "channel_affine")


@dataclass(frozen=True)
class Pixels:
    """A value as images of channels and pixels; tokens have their channels in the last axis."""

    images: Size
    channels: int
    pixels: Size
    last: bool

    def panel_floats(self) -> Size:
        """The floats of the value in panels, at most."""
        panels = (self.pixels + MOST_PIXELS - 1) // MOST_PIXELS
        return self.images * self.channels * MOST_PIXELS * panels


def count(shape: Sequence[Size]) -> Size:
    """The number of elements of a shape."""
    total: Size = 1
    for size in shape:
        total = total * size
    return total


def planes_of(shape: Shape) -> Pixels:
    """[N, C, *space]: the space holds the pixels."""
    return Pixels(shape[0], _fixed(shape[1]), count(shape[2:]), last=False)


def tokens_of(shape: Shape) -> Pixels:
    """[*images, tokens, C]: the axis before the last holds the pixels."""
    pixels = shape[-2] if len(shape) > 1 else 1
    return Pixels(count(shape[:-2]), _fixed(shape[len(shape) - 1]), pixels, last=True)


def _fixed(size: Size) -> int:
    if not isinstance(size, int):
        raise UnsupportedError(must("the channels of a layer", "a fixed number", size))
    return size


def is_pointwise(node: Node, shapes: Mapping[str, Shape]) -> bool:
    """Whether each output of a convolution meets one pixel, the same that it stands for."""
    return (
        all(size == 1 for size in shapes[node.inputs[1]][2:])
        and all(step == 1 for step in node.attributes["stride"])
        and not any(node.attributes["padding"])
    )


def panels(
    graph: Graph,
    shapes: Mapping[str, Shape],
    tails: Mapping[str, Tail],
    heads: Mapping[str, Heads],
) -> tuple[dict[str, Pixels], dict[str, Heads]]:
    """The values that stand in panels, by name; of a layer with a tail, the tail's end.

    And those of the attention nodes that can run on panels as what they read and write is there.
    """
    found = _found(graph, shapes, tails, heads)
    fine = {
        name: one
        for name, one in heads.items()
        if one.end in found and all(source.value in found for source in one.sources())
    }
    return (found, fine) if len(fine) == len(heads) else panels(graph, shapes, tails, fine)


def _found(
    graph: Graph,
    shapes: Mapping[str, Shape],
    tails: Mapping[str, Tail],
    heads: Mapping[str, Heads],
) -> dict[str, Pixels]:
    inner = {name for tail in tails.values() for name in tail.nodes}
    inner |= {name for one in heads.values() for name in (*one.inner, one.end)}
    nodes = [node for node in graph.nodes if node.name not in inner]
    found = {
        one.end: tokens_of(shapes[one.end])
        for one in heads.values()
        if one.end not in graph.outputs
    }
    for node in nodes:
        end = (node.name, *tails[node.name].nodes)[-1] if node.op in WEIGHTED else node.name
        pixels = _made(node, shapes, found)
        if pixels is not None and end not in graph.outputs:
            found[end] = pixels
    found = {name: found[name] for name in found if name not in {h.mask for h in heads.values()}}
    while dropped := _dropped(graph, nodes, shapes, found) | _misfits(nodes, tails, found):
        for name in dropped:
            del found[name]
    return found


def _misfits(nodes: list[Node], tails: Mapping[str, Tail], found: Mapping[str, Pixels]) -> set[str]:
    """Residuals whose channels stand in another axis than those of their layer."""
    pairs = ((node, tails[node.name].residual) for node in nodes if node.op in WEIGHTED)
    return {
        residual
        for node, residual in pairs
        if residual is not None
        and residual in found
        and found[residual].last != (node.op == "linear")
    }


def _made(node: Node, shapes: Mapping[str, Shape], found: Mapping[str, Pixels]) -> Pixels | None:
    """How a node could write its value in panels."""
    if node.op in ("conv", "max_pool"):
        shape = shapes[node.name]
        return planes_of(shape) if isinstance(shape[1], int) else None
    if node.op == "linear" or (node.op == "layer_norm" and node.attributes["axes"] == 1):
        shape = shapes[node.name]
        return tokens_of(shape) if isinstance(shape[-1], int) else None
    read = [found.get(name) for name in node.inputs]
    if node.op in _UNARY or (node.op in _PAIR and read[0] == read[1]):
        return read[0]
    if node.op == "channel_affine" and read[0] is not None and not read[0].last:
        return read[0]
    return None


def _dropped(
    graph: Graph, nodes: list[Node], shapes: Mapping[str, Shape], found: Mapping[str, Pixels]
) -> set[str]:
    """Values that cannot stay in panels, given that the others do."""
    dropped: set[str] = set()
    for node in nodes:
        reads = READS.get(node.op)
        for name in node.inputs:
            if name in found and (reads is None or not reads(graph, node, shapes, found[name])):
                dropped.add(name)
        values = [name for name in (*node.inputs, node.name) if name not in graph.constants]
        torn = node.op in _TIED and not all(name in found for name in values)
        if torn or (node.op == "layer_norm" and node.name not in found):
            dropped.update(name for name in values if name in found)
    return dropped


Reads = Callable[[Graph, Node, Mapping[str, Shape], Pixels], bool]


def _conv_reads(graph: Graph, node: Node, shapes: Mapping[str, Shape], pixels: Pixels) -> bool:
    return not pixels.last and is_pointwise(node, shapes) and not is_depthwise(graph, node)


def _tokens(graph: Graph, node: Node, shapes: Mapping[str, Shape], pixels: Pixels) -> bool:
    return pixels.last


def _planes(graph: Graph, node: Node, shapes: Mapping[str, Shape], pixels: Pixels) -> bool:
    return not pixels.last


def _any(graph: Graph, node: Node, shapes: Mapping[str, Shape], pixels: Pixels) -> bool:
    return True


def _mean_reads(graph: Graph, node: Node, shapes: Mapping[str, Shape], pixels: Pixels) -> bool:
    rank = len(shapes[node.inputs[0]])
    return not pixels.last and node.attributes["axes"] == tuple(range(2, rank))


def _pool_reads(graph: Graph, node: Node, shapes: Mapping[str, Shape], pixels: Pixels) -> bool:
    return not pixels.last and prod(node.attributes["size"]) == 1


READS: Mapping[str, Reads] = {
    "conv": _conv_reads,
    "linear": _tokens,
    "layer_norm": _tokens,
    "channel_affine": _planes,
    "mean": _mean_reads,
    "adaptive_avg_pool": _pool_reads,
    **dict.fromkeys((*_UNARY, *_PAIR), _any),
}
"""Which ops can read a value in panels, and when. A residual is read in any form."""
