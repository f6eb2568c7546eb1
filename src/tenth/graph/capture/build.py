"""Building a graph one torch operation at a time.

While a graph is built, a value is one of: a `Ref` to an activation of the graph, a tensor that is
known now (a weight, or what follows from weights alone), a size, or a plain Python value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from tenth.errors import InputError, UnsupportedError, must
from tenth.graph.dims import Size
from tenth.graph.program import Graph, Node, Value
from tenth.graph.shape_rules import Shape
from tenth.graph.shapes import node_shape

REMEDY = (
    "Replace it by operations listed in tenth.graph.program, "
    "or capture a part of the model without it."
)


class FreeSizeError(UnsupportedError):
    """An operation needs a size that is free: with that size fixed, the capture may succeed."""


@dataclass(frozen=True)
class Ref:
    """An activation of the graph."""

    name: str


@dataclass
class Build:
    """The graph so far, under plain names: `names.named` gives better ones at the end.

    `ids` are inputs of whole numbers, `flags` values that are 0 or 1. `sizes` are the free sizes of
    the example, `limits` the largest that are known.
    """

    inputs: list[Value] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    _known: dict[Any, tuple[torch.Tensor, str]] = field(default_factory=dict)

    def add_input(self, value: Value) -> Ref:
        """An input of the graph."""
        self.inputs.append(value)
        self.shapes[value.name] = value.shape
        if value.dtype == "int64":
            self.ids.add(value.name)
        return Ref(value.name)

    def add_constant(self, value: torch.Tensor | float) -> str:
        """The name of a constant; the same memory, or the same number, is stored once."""
        tensor = torch.as_tensor(value).detach()
        key: tuple[Any, ...] = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() == 1 and not isinstance(value, torch.nn.Parameter):
            key = (tensor.item(), tensor.shape)
        if key not in self._known:
            name = f"c{len(self.constants)}"
            self.constants[name] = tensor.to("cpu", torch.float32).numpy().copy()
            self.shapes[name] = tuple(tensor.shape)
            # kept alive, so that no other tensor takes its memory
            self._known[key] = (tensor, name)
        return self._known[key][1]

    def add_node(self, node: Node) -> Ref:
        """A node; its name must be new.

        Raises:
            FreeSizeError: its shapes do not fit; they might if sizes were fixed.
        """
        try:
            self.shapes[node.name] = node_shape(node, self.shapes)
        except InputError as error:
            raise FreeSizeError(str(error)) from error
        self.nodes[node.name] = node
        return Ref(node.name)

    def place(self, size: Size) -> str:
        """The name of a value with an axis of that size.

        Raises:
            FreeSizeError: there is none.
        """
        for name in (*(value.name for value in self.inputs), *self.nodes, *self.constants):
            if size in self.shapes[name]:
                return name
        raise FreeSizeError(must(f"size {size}", "that of some value", "none"))

    def finish(self, outputs: Sequence[Ref]) -> Graph:
        """The graph with these outputs."""
        names = tuple(output.name for output in outputs)
        return Graph(tuple(self.inputs), tuple(self.nodes.values()), names, self.constants)
