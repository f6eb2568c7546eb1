"""A batch whose members do not meet: it may run in parts, each small enough for the cache."""

from collections.abc import Mapping, Sequence

from tenth.graph.dims import Dim, Size
from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape


def independent_batch(graph: Graph, shapes: Mapping[str, Shape]) -> str | None:
    """The free size that counts the members of a batch, if each is computed by itself.

    It is the first axis of all that depends on it, and no node brings its members together.
    """
    firsts = [value.shape[0] for value in graph.inputs if value.shape]
    batch = next((size for size in firsts if isinstance(size, Dim)), None)
    if batch is None or any(shapes[name][:1] != (batch,) for name in graph.outputs):
        return None
    values = [*(value.name for value in graph.inputs), *(node.name for node in graph.nodes)]
    apart = all(_is_first(batch, shapes[name]) for name in values)
    return str(batch) if apart and not any(_mixes(node, shapes) for node in graph.nodes) else None


def _is_first(batch: Dim, shape: Shape) -> bool:
    """Whether the size stands nowhere but, at most, alone in front."""
    rest: Sequence[Size] = shape[1:] if shape[:1] == (batch,) else shape
    names = batch.symbols()
    return not any(isinstance(size, Dim) and names & size.symbols() for size in rest)


def _mixes(node: Node, shapes: Mapping[str, Shape]) -> bool:
    """Whether a node works along the first axis of what it reads, whatever that is."""
    attributes = node.attributes
    axes = attributes.get("axes")
    return (
        attributes.get("axis") == 0
        or attributes.get("time") == 0
        or (node.op == "attention" and len(shapes[node.inputs[0]]) == 2)
        or (isinstance(axes, tuple) and 0 in axes and node.op != "fit")
        or (isinstance(axes, int) and axes >= len(shapes[node.inputs[0]]))
        or attributes.get("order", (0,))[0] != 0
        or bool(attributes.get("before", (0,))[0] or attributes.get("after", (0,))[0])
    )
