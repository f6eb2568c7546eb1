"""The shape of every value: one rule an op, the same for numbers and for free sizes.

The rules stand in `shape_rules`; here they meet the graph, and an error gets the node's name.
"""

from collections.abc import Mapping, Sequence

from tenth.errors import InputError, TenthError, must
from tenth.graph.dims import Dim, at
from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import RULES, Shape, show


def infer(graph: Graph, sizes: Mapping[str, int] | None = None) -> dict[str, Shape]:
    """The shape of each input, constant and node, by name.

    With `sizes` every shape is of numbers; without, free sizes stay expressions.

    Raises:
        InputError: a size is missing, or a node cannot read the shapes it is given.
    """
    shapes: dict[str, Shape] = {name: array.shape for name, array in graph.constants.items()}
    for value in graph.inputs:
        shapes[value.name] = (
            value.shape if sizes is None else tuple(at(s, sizes) for s in value.shape)
        )
    for node in graph.nodes:
        shapes[node.name] = node_shape(node, shapes)
    return shapes


def bind(graph: Graph, shapes: Sequence[Sequence[int]]) -> dict[str, int]:
    """The free sizes by name, read off the shapes of real inputs.

    Raises:
        InputError: the inputs are not as the graph wants them; the message names the input.
    """
    if len(shapes) != len(graph.inputs):
        raise InputError(must("the number of inputs", str(len(graph.inputs)), len(shapes)))
    sizes: dict[str, int] = {}
    for value, shape in zip(graph.inputs, shapes, strict=True):
        fits = len(shape) == len(value.shape) and all(size >= 1 for size in shape)
        for wanted, size in zip(value.shape, shape, strict=False):
            known = sizes.setdefault(str(wanted), size) if isinstance(wanted, Dim) else wanted
            fits = fits and known == size
        if not fits:
            bound = ", ".join(f"{name} = {size}" for name, size in sizes.items())
            raise InputError(
                must(
                    f"input {value.name!r}",
                    f"of shape {show(value.shape)}" + (f" with {bound}" if bound else ""),
                    show(tuple(shape)),
                )
            )
    return sizes


def label(node: Node) -> str:
    """What an error calls a node."""
    return f"node {node.name!r} ({node.op}" + (f", module {node.path!r})" if node.path else ")")


def node_shape(node: Node, shapes: Mapping[str, Shape]) -> Shape:
    """The shape that a node makes of what it reads.

    Raises:
        InputError: it cannot read that.
    """
    missing = [name for name in node.inputs if name not in shapes]
    if missing:
        raise InputError(f"{label(node)} reads {missing[0]!r}, which nothing before it makes.")
    read = [shapes[name] for name in node.inputs]
    try:
        shape = RULES[node.op](read, node.attributes)
        if any(isinstance(size, int) and size < 1 for size in shape):
            raise InputError(
                must("every size of its output", "1 or more", show(shape), "Give a larger input.")
            )
    except TenthError as error:
        raise InputError(f"{label(node)} reading {', '.join(map(show, read))}: {error}") from error
    return shape
