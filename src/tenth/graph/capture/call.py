"""One torch operation that is being captured, and what its function in `aten` works with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from tenth.errors import InputError, UnsupportedError, must
from tenth.graph.capture.build import REMEDY, Build, FreeSizeError, Ref
from tenth.graph.capture.sized import Both, Sized, fitted, settled
from tenth.graph.dims import Dim, Size
from tenth.graph.ops import OPS
from tenth.graph.program import Node
from tenth.graph.shape_checks import Shape, show
from tenth.graph.shape_rules import broadcast
from tenth.graph.shapes import node_shape

STRETCHING = {"add", "sub", "mul", "div", "equal", "less", "attention"}
"""Ops that stretch what they read, so that it need not be stretched beforehand."""


@dataclass
class Call:
    """One torch operation: its arguments by name, where it stands, and the graph it adds to.

    `dtype` is that of its result; of several results, those `used` are read by others.
    """

    build: Build
    op: str
    path: str
    arguments: Mapping[str, Any]
    dtype: torch.dtype | None = None
    used: frozenset[int] = frozenset()

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def get(self, name: str, default: Any = None) -> Any:
        """An argument that only some variants of the operation have."""
        return self.arguments.get(name, default)

    def emit(self, op: str, *read: Any, **attributes: Any) -> Ref:
        """Add a node that reads these values (None is left out)."""
        for name, value in attributes.items():
            if any(isinstance(v, Dim) for v in (value if isinstance(value, tuple) else (value,))):
                raise FreeSizeError(must(f"{name} of {self.where}", "a fixed size", value))
        names = [
            self._name(value, whole=op not in STRETCHING) for value in read if value is not None
        ]
        for position, name in enumerate(names):
            if position not in OPS[op].sized:
                self._check_type(op, position, name)
        if op in STRETCHING:
            names = self._unstretched(op, names, attributes)
        name = f"v{len(self.build.nodes)}"
        return self.build.add_node(Node(name, op, tuple(names), attributes, self.path))

    def _check_type(self, op: str, position: int, name: str) -> None:
        whole = name in self.build.ids
        if whole and position not in OPS[op].ids:
            raise self.refuse("float32; whole numbers may only be looked up in an embedding", name)
        if not whole and position in OPS[op].ids:
            raise self.refuse("given ids that are an input of the model", "computed ones")

    def _unstretched(self, op: str, names: list[str], attributes: Mapping[str, Any]) -> list[str]:
        """The same values before they were stretched, where the op stretches them again."""
        node = Node("", op, tuple(names), attributes, self.path)
        for position, name in enumerate(names):
            while name in self.build.nodes and self.build.nodes[name].op == "fit":
                source = self.build.nodes[name].inputs[0]
                trial = replace(node, inputs=(*names[:position], source, *names[position + 1 :]))
                if not _same_shape(trial, node, self.build.shapes):
                    break
                names[position] = name = source
                node = trial
        return names

    def shape(self, value: Any) -> Shape:
        """The shape of an activation or a tensor."""
        return self.build.shapes[value.name] if isinstance(value, Ref) else tuple(value.shape)

    def floats(self, value: Any) -> Any:
        """The value as floating point numbers, if it is ids."""
        is_ids = isinstance(value, Ref) and value.name in self.build.ids
        return self.emit("cast", value) if is_ids else value

    def result_shape(self, *read: Any) -> Shape:
        """The shape to which values stretch together."""
        first, *others = (self.shape(value) for value in read)
        for shape in others:
            first = broadcast([first, shape], {})
        return first

    def stretched(self, value: Ref, shape: Shape) -> Ref:
        """The value with axes of size 1 stretched to a shape of the same rank."""
        own = self.shape(value)
        axes = [i for i, (a, b) in enumerate(zip(own, shape, strict=True)) if a != b]
        return fitted(self.build, value.name, shape, axes, self.path) if axes else value

    def reshaped(self, value: Any, wanted: Sequence[Size]) -> Any:
        """A node, or the value itself where the shape stays."""
        # of two reshapes in a row the first is not needed, if the second can be said without it
        for source in (self.unshaped(value), value):
            shape = self.shape(source)
            target = tuple(_target(shape, i, size) for i, size in enumerate(wanted))
            if tuple(wanted) == shape:
                return source
            if target.count(-1) <= 1:
                return self.emit("reshape", source, shape=target)
        raise FreeSizeError(must(f"{self.where}", "with one free size that moves", show(wanted)))

    def unshaped(self, value: Any) -> Any:
        """What a value was before it was reshaped."""
        while isinstance(value, Ref) and value.name in self.build.nodes:
            node = self.build.nodes[value.name]
            if node.op != "reshape":
                break
            value = Ref(node.inputs[0])
        return value

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

    def _name(self, value: Any, *, whole: bool) -> str:
        if isinstance(value, Both):
            value = self.emit("mul", value.ref, value.sized)
        if isinstance(value, Sized):
            value = settled(value, self.build, whole=whole)
        if isinstance(value, Ref):
            return value.name
        if isinstance(value, Dim):
            raise FreeSizeError(must(f"a number in {self.where}", "fixed", value))
        return self.build.add_constant(value)


def _target(shape: Shape, axis: int, size: Size) -> int:
    if not isinstance(size, Dim):
        return size
    return 0 if axis < len(shape) and shape[axis] == size else -1


def _same_shape(one: Node, other: Node, shapes: Mapping[str, Shape]) -> bool:
    try:
        return node_shape(one, shapes) == node_shape(other, shapes)
    except InputError:
        return False
