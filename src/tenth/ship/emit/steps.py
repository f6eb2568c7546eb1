"""A program as steps: one call of a C kernel each, and what an op needs to write its call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tenth.graph.dims import Size
from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape
from tenth.kernels.records import Record, Values, plain_record
from tenth.ship.emit.forms import Pixels
from tenth.ship.emit.fuse import Tail
from tenth.ship.emit.heads import Heads
from tenth.ship.emit.text import Names, product_text

Kernel = Literal["dense", "unstructured", "2x1", "4x1", "16x1", "depthwise"]
Condition = tuple[Size, Literal["<=", "=="], Size]

HEIGHTS: Mapping[Kernel, int] = {"unstructured": 1, "2x1": 2, "4x1": 4, "16x1": 16}
"""The sparse kernels, and how many neighbouring outputs share the inputs that they keep."""
_TYPES = {np.dtype(np.float32): "float", np.dtype(np.int32): "int32_t"}


@dataclass(frozen=True)
class Call:
    """What an op becomes in C.

    `scratch` is memory of its own: its C name, and its bytes. `worker_scratch` is the same for each
    worker: that of worker w starts w times its bytes, rounded up to a multiple of 64, behind the
    C name. `in_place` names the values read whose place the result may take,
    if nobody needs them after. `conditions` on free sizes are looked at before anything runs.

    Beside the names that it gives, the lines may use `pool` (a `struct pool *`, or NULL),
    `workers` (their number, 1 without a pool) and the C names that the weights give.
    """

    lines: tuple[str, ...]
    kernels: tuple[str, ...]
    scratch: tuple[str, Size] | None = None
    in_place: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    worker_scratch: tuple[str, Size] | None = None


@dataclass(frozen=True)
class Step:
    """A call in the order of the program: it reads some values and writes one.

    `node` names the node that it runs, if it is another than the value written.
    """

    writes: str
    reads: tuple[str, ...]
    call: Call
    node: str = ""


@dataclass
class Weights:
    """The weights of a program, by their names in C. The same array is kept once.

    `rounded` names the constants that are written in the form `values`; others stay float32.
    """

    prefix: str
    names: Names
    values: Values = "float32"
    rounded: frozenset[str] = frozenset()
    records: dict[str, Record] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    _symbols: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, constant: str, form: str, array: np.ndarray) -> str:
        """The C name of a constant in some form, such as `values` or `panels`.

        It points to as many float or int32_t, and whole numbers lie between the least and the
        largest of the array, whatever file is loaded.
        """
        values = self.values if constant in self.rounded else "float32"
        return self._add(constant, form, _TYPES[array.dtype], lambda: plain_record(array, values))

    def add_packed(self, constant: str, record: Record, form: str = "packed") -> str:
        """The C name, a `const void *`, of what the function that `record` names unpacks."""
        return self._add(constant, form, "void", lambda: record)

    def _add(self, constant: str, form: str, type_: str, record: Callable[[], Record]) -> str:
        key = (constant, form)
        if key not in self._symbols:
            symbol = self.names.new("_".join(word for word in (constant, form) if word))
            self._symbols[key] = symbol
            self.records[symbol] = record()
            self.types[symbol] = type_
        return self._symbols[key]


@dataclass
class Scene:
    """What an op sees when it writes its call."""

    graph: Graph
    shapes: Mapping[str, Shape]
    symbols: Mapping[str, str]
    variables: dict[str, str]
    weights: Weights
    kernels: Mapping[str, Kernel]
    tails: Mapping[str, Tail]
    forms: Mapping[str, Pixels]
    heads: Mapping[str, Heads]
    values: Values = "float32"

    def read(self, name: str) -> str:
        """The C expression for a value or constant that is read as it is."""
        if name in self.graph.constants:
            return self.weights.add(name, "", self.graph.constants[name])
        return self.variables[name]

    def end(self, node: Node) -> str:
        """The value that a node writes: of a layer, the last of what follows it."""
        if node.name in self.heads:
            return self.heads[node.name].end
        tail = self.tails.get(node.name, Tail())
        return (node.name, *tail.nodes)[-1]

    def reads(self, node: Node) -> tuple[str, ...]:
        """The values that a node reads when it runs, residuals too."""
        if node.name in self.heads:
            heads = self.heads[node.name]
            values = tuple(source.value for source in heads.sources())
            return values if heads.mask is None else (*values, heads.mask)
        residual = self.tails.get(node.name, Tail()).residual
        return node.inputs if residual is None else (*node.inputs, residual)

    def scratch(self, node: Node, kind: str = "scratch") -> str:
        """A C name for memory of a node's own."""
        return self.weights.names.new(f"{self.variables[node.name]}_{kind}")

    def elements(self, name: str) -> str:
        """The floats of a value as it stands in memory, in C."""
        if name in self.forms:
            form = self.forms[name]
            sizes = self.size(form.images), self.size(form.pixels)
            return f"{sizes[0]} * panels_of({sizes[1]}) * {form.channels} * PANEL"
        return self.size(*self.shapes[name])

    def form_kernels(self, node: Node) -> tuple[str, ...]:
        """The kernels that `elements` of a node names."""
        return ("panels_of", "PANEL") if node.name in self.forms else ()

    def size(self, *sizes: Size) -> str:
        """The product of sizes in C."""
        return product_text(sizes, self.symbols)

    def row(self, sizes: Sequence[Size]) -> str:
        """Sizes as a C array of its own."""
        return f"(const int64_t[]){{{', '.join(self.size(size) for size in sizes) or '1'}}}"

    def optional(self, node: Node, position: int) -> str:
        """The C expression for what a node reads there, or NULL where it reads nothing."""
        return self.read(node.inputs[position]) if position < len(node.inputs) else "NULL"

    def weight(self, node: Node) -> np.ndarray:
        """The weight that a layer reads."""
        return self.graph.constants[node.inputs[1]]


def struct_call(kind: str, members: Mapping[str, str], call: str) -> tuple[str, ...]:
    """The lines of a block that fills a struct and then calls what takes it as `&s`."""
    rows = (f"        .{name} = {text}," for name, text in members.items())
    return ("{", f"    const struct {kind} s = {{", *rows, "    };", f"    {call}", "}")


def row_strides(shape: Sequence[Size]) -> list[Size]:
    """How far apart neighbours along each axis lie, in elements."""
    strides: list[Size] = []
    step: Size = 1
    for size in reversed(shape):
        strides.insert(0, step)
        step = step * size
    return strides


def merged_axes(axes: Sequence[tuple[Size, Size]]) -> list[tuple[Size, Size]]:
    """Axes (size, stride) with neighbours made one where they are one run in memory."""
    merged: list[tuple[Size, Size]] = []
    for size, stride in axes:
        if size == 1:
            continue
        if merged and merged[-1][1] == stride * size:
            merged[-1] = (merged[-1][0] * size, stride)
        else:
            merged.append((size, stride))
    return merged or [(1, 1)]
