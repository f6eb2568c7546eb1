"""Running a graph in numpy: the plain version that every compiled program must match."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tenth.errors import InputError, must
from tenth.graph.functions import FUNCTIONS
from tenth.graph.program import Graph, Node
from tenth.graph.shapes import bind, infer, label


def run(graph: Graph, *inputs: np.ndarray, dtype: Any = np.float32) -> list[np.ndarray]:
    """The outputs of the graph for these inputs; `dtype` is what it computes in.

    Raises:
        InputError: an input has a wrong shape or type, or an id lies outside its embedding.
    """
    infer(graph, bind(graph, [np.shape(x) for x in inputs]))
    values = {name: array.astype(dtype) for name, array in graph.constants.items()}
    for value, x in zip(graph.inputs, inputs, strict=True):
        values[value.name] = _as_input(value.name, value.dtype, np.asarray(x), dtype)
    # NaN and inf pass through as they do in C
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            values[node.name] = _run_node(node, values).astype(dtype, copy=False)
    return [values[name] for name in graph.outputs]


def _as_input(name: str, wanted: str, x: np.ndarray, dtype: Any) -> np.ndarray:
    kinds = "iu" if wanted == "int64" else "fiu"
    if x.dtype.kind not in kinds:
        raise InputError(must(f"input {name!r}", wanted, x.dtype))
    return x.astype(np.int64 if wanted == "int64" else dtype)


def _run_node(node: Node, values: Mapping[str, np.ndarray]) -> np.ndarray:
    try:
        return FUNCTIONS[node.op](*(values[name] for name in node.inputs), **node.attributes)
    except InputError as error:
        raise InputError(f"{label(node)}: {error}") from error
