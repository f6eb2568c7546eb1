"""Building a graph one torch operation at a time.

While a graph is built, a value is one of: a `Ref` to an activation of the graph, a tensor that is
known now (a weight, or what follows from weights alone), a size, or a plain Python value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from tenth.errors import InputError, UnsupportedError, must
from tenth.graph.dims import Dim, Size
from tenth.graph.program import Graph, Node, Value
from tenth.graph.shape_rules import Shape, show
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
    """The graph so far, under plain names: `names.named` gives better ones at the end."""

    inputs: list[Value] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    _known: dict[Any, tuple[torch.Tensor, str]] = field(default_factory=dict)

    def add_input(self, value: Value) -> Ref:
        """An input of the graph."""
        self.inputs.append(value)
        self.shapes[value.name] = value.shape
        if value.dtype == "int64":
            self.ids.add(value.name)
        return Ref(value.name)

    def add_constant(self, value: torch.Tensor | float) -> str:
        """The name of a constant; the same memory read twice is stored once."""
        tensor = torch.as_tensor(value).detach()
        key = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
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

    def finish(self, outputs: Sequence[Ref]) -> Graph:
        """The graph with these outputs."""
        names = tuple(output.name for output in outputs)
        return Graph(tuple(self.inputs), tuple(self.nodes.values()), names, self.constants)


@dataclass
class Call:
    """One torch operation: its arguments by name, where it stands, and the graph it adds to."""

    build: Build
    op: str
    path: str
    arguments: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def get(self, name: str, default: Any = None) -> Any:
        """An argument that only some variants of the operation have."""
        return self.arguments.get(name, default)

    def emit(self, op: str, *read: Any, **attributes: Any) -> Ref:
        """Add a node that reads these values (None is left out)."""
        names = tuple(self._name(value) for value in read if value is not None)
        for position, name in enumerate(names):
            if name in self.build.ids and (op != "embedding" or position):
                raise self.refuse(
                    "float32; whole numbers may only be looked up in an embedding", name
                )
        for name, value in attributes.items():
            if any(isinstance(v, Dim) for v in (value if isinstance(value, tuple) else (value,))):
                raise FreeSizeError(must(f"{name} of {self.where}", "a fixed size", value))
        name = f"v{len(self.build.nodes)}"
        return self.build.add_node(Node(name, op, names, attributes, self.path))

    def shape(self, value: Any) -> Shape:
        """The shape of an activation or a tensor."""
        return self.build.shapes[value.name] if isinstance(value, Ref) else tuple(value.shape)

    def axis(self, value: Any, axis: int) -> int:
        """An axis counted from the front."""
        return axis % max(1, len(self.shape(value)))

    def fixed(self, size: Size) -> int:
        """A size that must be a number.

        Raises:
            FreeSizeError: it is not.
        """
        if isinstance(size, Dim):
            raise FreeSizeError(must(f"a size in {self.where}", "fixed", size))
        return int(size)

    def ints(self, name: str, count: int) -> tuple[int, ...]:
        """An argument as `count` numbers; a single one stands for all."""
        value = self[name]
        many = list(value) if isinstance(value, list | tuple) else [value]
        many = many * count if len(many) == 1 else many
        return tuple(self.fixed(v) for v in many)

    def weight(self, name: str) -> torch.Tensor | None:
        """An argument that must not depend on the inputs, or None."""
        value = self.get(name)
        if isinstance(value, Ref):
            raise self.refuse("given weights that do not depend on its input", f"{name} computed")
        return value

    def batched(self, value: Any, axes: int) -> None:
        """Refuse an input without a batch axis."""
        shape = self.shape(value)
        if len(shape) != axes + 2:
            raise self.refuse(
                f"given {axes + 2} axes: batch, channels, and {axes} more", show(shape)
            )

    @property
    def where(self) -> str:
        """What an error calls this operation."""
        place = f"module {self.path!r}" if self.path else "the model's own forward"
        return f"{self.op} in {place}"

    def refuse(self, rule: str, got: Any, remedy: str = REMEDY) -> UnsupportedError:
        """The error to raise where the operation cannot be expressed."""
        return UnsupportedError(must(self.where, rule, got, remedy))

    def _name(self, value: Any) -> str:
        if isinstance(value, Ref):
            return value.name
        if isinstance(value, Dim):
            raise FreeSizeError(must(f"a number in {self.where}", "fixed", value))
        return self.build.add_constant(value)
