"""From a graph to steps: what runs, in which order, under which C names.

Reshapes become other names of the same place, and a relu or clip becomes the bounds of the linear
layer or convolution before it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape
from tenth.graph.shapes import infer
from tenth.kernels.records import Record, Values, rounded
from tenth.ship.emit.ops.pointwise import bounds
from tenth.ship.emit.ops.table import CALLS
from tenth.ship.emit.steps import Call, Condition, Kernel, Scene, Step, Weights
from tenth.ship.emit.text import Names
from tenth.ship.interface import free_sizes

WEIGHTED = ("linear", "conv")
ROUNDED = (*WEIGHTED, "embedding")
"""Ops whose weight, the second that they read, may be written in half the bytes."""
_BOUNDING = ("relu", "clip")


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
    symbols: Mapping[str, str]
    variables: Mapping[str, str]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    records: Mapping[str, Record]
    types: Mapping[str, str]
    layer_records: Mapping[str, tuple[str, ...]]
    values: Values
    conditions: tuple[Condition, ...]


def lower(
    graph: Graph, prefix: str, kernels: Mapping[str, Kernel], values: Values = "float32"
) -> Lowered:
    """The steps of a verified graph; `kernels` says for each weighted node how it runs.

    `values` is the form in which the weights of its layers are written.
    """
    names = Names(prefix)
    symbols = {name: names.new(name) for name in free_sizes(graph)}
    bounding = _bounding(graph)
    variables = {value.name: names.new(value.name) for value in (*graph.inputs, *graph.nodes)}
    # a bounded layer writes straight to the place of the relu behind it
    variables |= {layer: variables[node.name] for layer, node in bounding.items()}
    scene = Scene(
        graph=graph,
        shapes=infer(graph),
        symbols=symbols,
        variables=variables,
        weights=Weights(prefix, names, values, rounded_constants(graph)),
        kernels=kernels,
        bounds={layer: bounds(node) for layer, node in bounding.items()},
        values=values,
    )
    return _Writer(scene, {layer: node.name for layer, node in bounding.items()}).written()


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


def _bounding(graph: Graph) -> dict[str, Node]:
    """The relu or clip behind each layer that nothing else reads."""
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    layers = {node.name for node in graph.nodes if node.op in WEIGHTED} - set(graph.outputs)
    return {
        node.inputs[0]: node
        for node in graph.nodes
        if node.op in _BOUNDING and node.inputs[0] in layers and readers[node.inputs[0]] == 1
    }


class _Writer:
    """Walks the graph once. `homes` says at which value's place each value stands."""

    def __init__(self, scene: Scene, bounded: Mapping[str, str]) -> None:
        self.scene = scene
        self.bounded = bounded
        self.homes = {value.name: value.name for value in scene.graph.inputs}
        self.own_variables = dict(scene.variables)
        self.steps: list[Step] = []
        self.layer_records: dict[str, tuple[str, ...]] = {}
        self.conditions: list[Condition] = []

    def written(self) -> Lowered:
        """The whole program."""
        scene = self.scene
        for node in scene.graph.nodes:
            if node.name not in self.bounded.values():
                self._write(node)
        outputs = self._outputs()
        return Lowered(
            graph=scene.graph,
            prefix=scene.weights.prefix,
            shapes=scene.shapes,
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
        self._add(self.bounded.get(node.name, node.name), node.inputs, call, node.name)

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
