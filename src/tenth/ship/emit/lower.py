"""From a graph to steps: what runs, in which order, under which C names.

Reshapes become other names of the same place, and a relu or clip becomes the bounds of the linear
layer or convolution before it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape
from tenth.graph.shapes import infer
from tenth.ship.emit.ops.pointwise import bounds
from tenth.ship.emit.ops.table import CALLS
from tenth.ship.emit.steps import Call, Condition, Kernel, Scene, Step, Weights
from tenth.ship.emit.text import Names
from tenth.ship.interface import free_sizes

WEIGHTED = ("linear", "conv")
_BOUNDING = ("relu", "clip")


@dataclass(frozen=True)
class Lowered:
    """A program ready to be laid out in memory and written as C.

    `symbols` and `variables` are the C names of free sizes and of values; `outputs` are the values
    that stand where the caller wants the outputs; `layer_arrays` are those of each weighted layer.
    """

    graph: Graph
    prefix: str
    shapes: Mapping[str, Shape]
    symbols: Mapping[str, str]
    variables: Mapping[str, str]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    arrays: Mapping[str, np.ndarray]
    layer_arrays: Mapping[str, tuple[str, ...]]
    conditions: tuple[Condition, ...]


def lower(graph: Graph, prefix: str, kernels: Mapping[str, Kernel]) -> Lowered:
    """The steps of a verified graph; `kernels` says for each weighted node how it runs."""
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
        weights=Weights(prefix, names),
        kernels=kernels,
        bounds={layer: bounds(node) for layer, node in bounding.items()},
    )
    return _Writer(scene, {layer: node.name for layer, node in bounding.items()}).written()


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
        self.layer_arrays: dict[str, tuple[str, ...]] = {}
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
            arrays=scene.weights.arrays,
            layer_arrays=self.layer_arrays,
            conditions=tuple(dict.fromkeys(self.conditions)),
        )

    def _write(self, node: Node) -> None:
        arrays = self.scene.weights.arrays
        known = len(arrays)
        call = CALLS[node.op](node, self.scene)
        self.conditions += call.conditions
        if node.op in WEIGHTED:
            self.layer_arrays[node.name] = tuple(arrays)[known:]
        if node.op == "reshape" and node.inputs[0] in self.homes:
            home = self.homes[node.inputs[0]]
            self.homes[node.name] = home
            self.scene.variables[node.name] = self.scene.variables[home]
            return
        if node.op == "reshape":
            call = self._copy(node.inputs[0], node.name)
        self._add(self.bounded.get(node.name, node.name), node.inputs, call)

    def _add(self, writes: str, inputs: tuple[str, ...], call: Call) -> None:
        reads = tuple(self.homes[name] for name in inputs if name in self.homes)
        in_place = tuple(self.homes[name] for name in call.in_place if name in self.homes)
        self.homes[writes] = writes
        self.steps.append(Step(writes, reads, replace(call, in_place=in_place)))

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
