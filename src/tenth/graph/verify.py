"""Seeing that a graph means something before anything counts, runs or compiles it."""

import re
from collections.abc import Iterable, Set

import numpy as np

from tenth.errors import InputError, UnsupportedError, must
from tenth.graph.dims import Dim
from tenth.graph.ops import OPS
from tenth.graph.program import Graph, Node, Value
from tenth.graph.shapes import infer, label

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def verify(graph: Graph) -> None:
    """Return if the graph is sound.

    Raises:
        UnsupportedError: a node has an op that does not exist.
        InputError: a name, an order, an attribute, a type, a shape or a number is wrong.
    """
    _verify_names(
        [*(v.name for v in graph.inputs), *graph.constants, *(n.name for n in graph.nodes)]
    )
    for value in graph.inputs:
        _verify_input(value)
    for name, array in graph.constants.items():
        _verify_constant(name, array)
    ids = {value.name for value in graph.inputs if value.dtype == "int64"}
    for node in graph.nodes:
        _verify_node(node)
        _verify_reads(node, ids, graph.constants.keys())
    _verify_outputs(graph)
    infer(graph)


def _verify_names(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not _NAME.fullmatch(name):
            raise InputError(must("a name", "letters, digits and _ only", repr(name)))
        if name in seen:
            raise InputError(must(f"name {name!r}", "used once", "two values of that name"))
        seen.add(name)


def _verify_input(value: Value) -> None:
    thing = f"input {value.name!r}"
    if value.dtype not in ("float32", "int64"):
        raise InputError(must(thing, "float32 or int64", value.dtype))
    for size in value.shape:
        fixed = isinstance(size, int) and size >= 1
        if not fixed and not (isinstance(size, Dim) and _NAME.fullmatch(str(size))):
            raise InputError(must(f"a size of {thing}", "1 or more, or a name", size))


def _verify_constant(name: str, array: np.ndarray) -> None:
    if array.dtype != np.float32:
        raise InputError(must(f"constant {name!r}", "float32", array.dtype))
    if not np.isfinite(array).all():
        bad = array.size - np.isfinite(array).sum()
        raise InputError(must(f"constant {name!r}", "finite", f"{bad} of {array.size} NaN or inf"))


def _verify_node(node: Node) -> None:
    op = OPS.get(node.op)
    if op is None:
        raise UnsupportedError(must(label(node), f"one of {', '.join(OPS)}", node.op))
    if not op.least <= len(node.inputs) <= op.most:
        rule = f"{op.least}" if op.least == op.most else f"{op.least} to {op.most}"
        raise InputError(must(f"what {label(node)} reads", f"{rule} values", len(node.inputs)))
    if set(node.attributes) != set(op.attributes):
        raise InputError(
            must(
                f"attributes of {label(node)}", f"{sorted(op.attributes)}", sorted(node.attributes)
            )
        )
    for name, rule in op.attributes.items():
        if not rule.holds(node.attributes[name]):
            raise InputError(
                must(f"{name} of {label(node)}", rule.words, repr(node.attributes[name]))
            )


def _verify_reads(node: Node, ids: Set[str], constants: Set[str]) -> None:
    """Weights are constants, ids are inputs, and few ops read ids."""
    op = OPS[node.op]
    first = op.constants if op.constants >= 0 else len(node.inputs) + op.constants
    for position, name in enumerate(node.inputs):
        if position >= first and name not in constants:
            raise InputError(must(f"{name!r}, a weight of {label(node)},", "a constant", "another"))
        if position not in op.sized and (name in ids) != (position in op.ids):
            wanted = "float32" if name in ids else "an int64 input of the graph"
            raise InputError(must(f"{name!r}, read by {label(node)},", wanted, "another type"))


def _verify_outputs(graph: Graph) -> None:
    if not graph.outputs:
        raise InputError(must("the graph", "given at least one output", "none"))
    names = {node.name for node in graph.nodes}
    for name in graph.outputs:
        if name not in names:
            raise InputError(must(f"output {name!r}", "the name of a node", "no such node"))
    if len(set(graph.outputs)) < len(graph.outputs):
        raise InputError(must("outputs", "named once each", graph.outputs))
