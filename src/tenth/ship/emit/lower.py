"""From a graph to steps: what runs, in which order, under which C names.

Reshapes become other names of the same place; the sum with a residual, and a relu or clip, are done
by the layer before them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tenth.graph.dims import Size
from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape
from tenth.graph.shapes import infer
from tenth.kernels.records import Record, Values, rounded
from tenth.ship.emit.forms import Pixels, count, panels
from tenth.ship.emit.fuse import WEIGHTED, tails
from tenth.ship.emit.heads import find_heads
from tenth.ship.emit.ops.table import CALLS
from tenth.ship.emit.steps import Call, Condition, Kernel, Scene, Step, Weights
from tenth.ship.emit.text import Names
from tenth.ship.interface import free_sizes

ROUNDED = (*WEIGHTED, "embedding")
"""Ops whose weight, the second that they read, may be written in half the bytes."""
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Lowered:
    """A program ready to be laid out in memory and written as C.

    `symbols` and `variables` are the C names of free sizes and of values; `outputs` are the values
    that stand where the caller wants the outputs; `records` are the weights, `types` what their C
    names point to, and `layer_records` those of each weighted layer.
    """

    graph: Graph
    prefix: str
    shapes: Mapping[str, Shape]
    forms: Mapping[str, Pixels]
    symbols: Mapping[str, str]
    variables: Mapping[str, str]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    records: Mapping[str, Record]
    types: Mapping[str, str]
    layer_records: Mapping[str, tuple[str, ...]]
    values: Values
    conditions: tuple[Condition, ...]

    def size_bytes(self, name: str) -> Size:
        """What a value takes in memory, at most."""
        if name in self.forms:
            return _FLOAT_BYTES * self.forms[name].panel_floats()
        return _FLOAT_BYTES * count(self.shapes[name])


def lower(
    graph: Graph, prefix: str, kernels: Mapping[str, Kernel], values: Values = "float32"
) -> Lowered:
    """The steps of a verified graph; `kernels` says for each weighted node how it runs.

    `values` is the form in which the weights of its layers are written.
    """
    names = Names(prefix)
    symbols = {name: names.new(name) for name in free_sizes(graph)}
    shapes = infer(graph)
    following = tails(graph, shapes)
    forms, heads = panels(graph, shapes, following, find_heads(graph, shapes))
    scene = Scene(
        graph=graph,
        shapes=shapes,
        symbols=symbols,
        variables={value.name: names.new(value.name) for value in (*graph.inputs, *graph.nodes)},
        weights=Weights(prefix, names, values, rounded_constants(graph)),
        kernels=kernels,
        tails=following,
        forms=forms,
        heads=heads,
        values=values,
    )
    return _Writer(scene).written()


def rounded_constants(graph: Graph) -> frozenset[str]:
    """The constants that may be written in half the bytes: the large ones, not biases or norms."""
    read = {node.inputs[1] for node in graph.nodes if node.op in ROUNDED}
    return frozenset(read & set(graph.constants))


def rounded_graph(graph: Graph, values: Values) -> Graph:
    """The graph with its large weights as they are written.

    Raises:
        InputError: there is no such form of values, or a weight lies beyond its range.
    """
    large = {name: rounded(graph.constants[name], values) for name in rounded_constants(graph)}
    return replace(graph, constants={**graph.constants, **large})


class _Writer:
    """Walks the graph once. `homes` says at which value's place each value stands."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.homes = {value.name: value.name for value in scene.graph.inputs}
        self.own_variables = dict(scene.variables)
        self.steps: list[Step] = []
        self.layer_records: dict[str, tuple[str, ...]] = {}
        self.conditions: list[Condition] = []

    def written(self) -> Lowered:
        """The whole program."""
        scene = self.scene
        nodes = {node.name: node for node in scene.graph.nodes}
        # a layer runs where its tail ends, as its residual may be computed after its input
        waits = {layer for layer, tail in scene.tails.items() if tail.nodes}
        ends = {tail.nodes[-1]: nodes[layer] for layer, tail in scene.tails.items() if tail.nodes}
        inner = waits.union(*(tail.nodes for tail in scene.tails.values()))
        ends |= {heads.end: nodes[name] for name, heads in scene.heads.items()}
        inner = inner.union(*(heads.inner for heads in scene.heads.values())) - set(ends)
        for name, node in nodes.items():
            if name not in inner:
                self._write(ends.get(name, node))
        outputs = self._outputs()
        return Lowered(
            graph=scene.graph,
            prefix=scene.weights.prefix,
            shapes=scene.shapes,
            forms=scene.forms,
            symbols=scene.symbols,
            variables=scene.variables,
            steps=tuple(self.steps),
            outputs=outputs,
            records=scene.weights.records,
            types=scene.weights.types,
            layer_records=self.layer_records,
            values=scene.values,
            conditions=tuple(dict.fromkeys(self.conditions)),
        )

    def _write(self, node: Node) -> None:
        records = self.scene.weights.records
        known = len(records)
        call = CALLS[node.op](node, self.scene)
        self.conditions += call.conditions
        if node.op in WEIGHTED:
            self.layer_records[node.name] = tuple(records)[known:]
        if node.op == "reshape" and node.inputs[0] in self.homes:
            home = self.homes[node.inputs[0]]
            self.homes[node.name] = home
            self.scene.variables[node.name] = self.scene.variables[home]
            return
        if node.op == "reshape":
            call = self._copy(node.inputs[0], node.name)
        self._add(self.scene.end(node), self.scene.reads(node), call, node.name)

    def _add(self, writes: str, inputs: tuple[str, ...], call: Call, node: str = "") -> None:
        reads = tuple(self.homes[name] for name in inputs if name in self.homes)
        in_place = tuple(self.homes[name] for name in call.in_place if name in self.homes)
        self.homes[writes] = writes
        self.steps.append(Step(writes, reads, replace(call, in_place=in_place), node or writes))

    def _copy(self, source: str, target: str) -> Call:
        size = self.scene.size(*self.scene.shapes[target])
        line = f"copy({self.scene.read(source)}, {self.own_variables[target]}, {size});"
        return Call((line,), ("copy",))

    def _outputs(self) -> tuple[str, ...]:
        """Where each output stands; one that shares a place with an input or another is copied."""
        taken = {value.name for value in self.scene.graph.inputs}
        taken |= {name for name in self.scene.graph.outputs if self.homes[name] == name}
        outputs: list[str] = []
        for name in self.scene.graph.outputs:
            home = self.homes[name]
            if home in taken and home != name:
                self._add(name, (home,), self._copy(name, name))
                self.scene.variables[name] = self.own_variables[name]
                home = name
            taken.add(home)
            outputs.append(home)
        return tuple(outputs)
