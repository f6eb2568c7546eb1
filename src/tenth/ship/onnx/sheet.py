"""What an op writes on: the nodes and constants of an ONNX model that grows."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tenth.graph.dims import Size
from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape

END = 2**63 - 1
"""Where a slice that reaches the end stops."""


@dataclass(frozen=True)
class Step:
    """One node of ONNX. An input or output named "" is left out."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    path: str


@dataclass(frozen=True)
class Body:
    """What a loop does each time, as an attribute of its step: names in, steps, names out."""

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]


@dataclass
class Sheet:
    """The steps so far. `path` is the module that is being written.

    `gates` are linear layers of which a recurrent layer alone reads: it writes them as its own.
    """

    graph: Graph
    shapes: Mapping[str, Shape]
    opset: int
    gates: Mapping[str, Node] = field(default_factory=dict)
    path: str = ""
    steps: list[Step] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def add(self, op: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        """Write a node and return the name of its output: `to`, or a new one."""
        name = to or self.fresh()
        self.add_many(op, inputs, (name,), **attributes)
        return name

    def add_many(
        self, op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> None:
        """Write a node of several outputs; one named "" is left out."""
        for name in inputs:
            if name in self.graph.constants:
                self.constants[name] = self.graph.constants[name]
        self.steps.append(Step(op, tuple(inputs), tuple(outputs), attributes, self.path))

    def constant(self, array: np.ndarray) -> str:
        """The name of a constant beside those of the graph."""
        name = self.fresh()
        self.constants[name] = np.asarray(array, order="C")
        return name

    def number(self, value: float) -> str:
        """The name of a constant of one float."""
        return self.constant(np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """The name of a constant row of integers, as shapes and bounds are given."""
        return self.constant(np.array(values, np.int64))

    def shape(self, name: str) -> Shape:
        """The shape of a value or constant."""
        return self.shapes[name]

    def size(self, name: str, axis: int) -> str:
        """A row of one integer: the size of a value along an axis, known when it runs."""
        size: Size = self.shapes[name][axis]
        if isinstance(size, int):
            return self.integers(size)
        return self.add("Gather", self.add("Shape", name), self.integers(axis), axis=0)

    def row(self, *parts: int | str) -> str:
        """A row of integers, such as a shape: each is known, or a row of one of that name."""
        known = [part for part in parts if isinstance(part, int)]
        if len(known) == len(parts):
            return self.integers(*known)
        rows = (self.integers(part) if isinstance(part, int) else part for part in parts)
        return self.add("Concat", *rows, axis=0)

    def cut(self, name: str, axis: int, start: int, stop: int = END, *, to: str = "") -> str:
        """A value from `start` up to `stop` along an axis; both may count from the end."""
        bounds = (self.integers(number) for number in (start, stop, axis))
        return self.add("Slice", name, *bounds, to=to)

    def fresh(self) -> str:
        """A name that nothing has yet: no name of a graph holds a slash."""
        return f"/{next(self._numbers)}"


def is_finite(value: float) -> bool:
    """Whether a bound bounds anything."""
    return not math.isinf(value)
