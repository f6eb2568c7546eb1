"""Dense or sparse, layer by layer: both are timed on this machine, and the faster one stays."""

import ctypes
import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tenth.graph.dims import Dim, at
from tenth.graph.program import Graph, Node, Value
from tenth.graph.shape_rules import Shape
from tenth.graph.shapes import infer
from tenth.kernels.targets import FULL_BLOCKS, Target
from tenth.ship.binding import Binding, Library
from tenth.ship.buffers import aligned
from tenth.ship.emit.batch import independent_batch
from tenth.ship.emit.fuse import WEIGHTED, is_depthwise
from tenth.ship.emit.lower import lower
from tenth.ship.emit.steps import HEIGHTS, Kernel
from tenth.ship.emit.units import Unit, emit
from tenth.ship.progress import OnStep, Step, silent
from tenth.ship.trial import build_units

MARGIN = 0.10
"""Dense stays unless a sparse kernel takes less time by this share."""
MOST_FILLED = 1.6
"""A kernel of blocks is not tried where it multiplies this much more than the kept weights."""
_SAMPLE_SECONDS = 2e-4
_ROUNDS = 9
_BUDGET_SECONDS = 1.0
_PART_BYTES = 2**22


@dataclass(frozen=True)
class Choice:
    """How a layer runs, and what dense and the best sparse take; None where nothing was timed."""

    kernel: Kernel
    dense_seconds: float | None = None
    sparse_seconds: float | None = None


def choose(graph: Graph, sizes: Mapping[str, int], on_step: OnStep = silent) -> dict[str, Choice]:
    """A choice for each weighted layer, by its time at these free sizes.

    A layer without zeros is dense, untimed; and so is one whose outputs meet one channel each.

    Raises:
        CompileError: there is no compiler, or it failed.
    """
    layers = [node for node in graph.nodes if node.op in WEIGHTED]
    choices = {
        node.name: Choice("depthwise" if is_depthwise(graph, node) else "dense") for node in layers
    }
    pruned = [node for node in layers if len(candidates(graph, node)) > 1]
    if pruned:
        choices |= _timed(graph, pruned, _part(graph, sizes), on_step)
    return choices


def choose_by_density(graph: Graph, target: Target) -> dict[str, Choice]:
    """A choice for each weighted layer, by the target's table of densities: nothing is timed."""
    layers = [node for node in graph.nodes if node.op in WEIGHTED]
    return {node.name: Choice(_untimed(graph, node, target)) for node in layers}


def _untimed(graph: Graph, node: Node, target: Target) -> Kernel:
    first, *sparse = candidates(graph, node)
    kept = density(graph, node)
    if not sparse or kept >= target.sparse_below[node.op]:
        return first
    # 16x1 goes pixel by pixel, which pays for few of them only: how many there are is not known
    full: list[Kernel] = [
        k
        for k in sparse
        if HEIGHTS[k] <= 4 and kept >= FULL_BLOCKS * _filled(graph, node, HEIGHTS[k])
    ]
    return max(full, key=lambda kernel: HEIGHTS[kernel])


def _filled(graph: Graph, node: Node, height: int) -> float:
    """The fraction of weights that stand in a kept block of so many outputs."""
    weight = graph.constants[node.inputs[1]]
    blocks = (weight != 0).reshape(len(weight) // height, height, -1)
    return float(blocks.any(1).mean())


def density(graph: Graph, node: Node) -> float:
    """The fraction of a layer's weights that is not zero."""
    weight = graph.constants[node.inputs[1]]
    return float(np.count_nonzero(weight) / weight.size)


def candidates(graph: Graph, node: Node) -> tuple[Kernel, ...]:
    """The kernels that may be the fastest for a layer."""
    if is_depthwise(graph, node):
        return ("depthwise",)
    kept = density(graph, node)
    if kept == 1:
        return ("dense",)
    outputs = len(graph.constants[node.inputs[1]])
    own = outputs // node.attributes.get("groups", 1)
    found: list[Kernel] = ["dense"]
    for kernel, height in HEIGHTS.items():
        if own % height == 0 and _filled(graph, node, height) <= MOST_FILLED * kept:
            found.append(kernel)
    return tuple(found)


def _part(graph: Graph, sizes: Mapping[str, int]) -> Mapping[str, int]:
    """The sizes with a batch as small as the part of it that runs at once, nearly."""
    shapes = infer(graph)
    batch = independent_batch(graph, shapes)
    if batch is None:
        return sizes
    part = dict(sizes)
    while part[batch] > 1 and _largest_bytes(shapes, part) > _PART_BYTES:
        part[batch] = (part[batch] + 1) // 2
    return part


def _largest_bytes(shapes: Mapping[str, Shape], sizes: Mapping[str, int]) -> int:
    """The bytes of the largest value that depends on a free size."""
    free = (shape for shape in shapes.values() if any(isinstance(size, Dim) for size in shape))
    return max((4 * math.prod(at(size, sizes) for size in shape) for shape in free), default=0)


def _timed(
    graph: Graph, nodes: Sequence[Node], sizes: Mapping[str, int], on_step: OnStep
) -> dict[str, Choice]:
    on_step(Step("build the kernels that are tried"))
    trials = {
        (node.name, kernel): _trial(graph, node, kernel, f"k{kernel}_{i}", sizes)
        for i, node in enumerate(nodes)
        for kernel in candidates(graph, node)
    }
    library = build_units(list(trials.values()), "\n".join(map(_repeated, trials.values())))
    choices: dict[str, Choice] = {}
    for i, node in enumerate(nodes):
        on_step(Step("time dense and sparse", i, len(nodes)))
        dense, *sparse = kernels = candidates(graph, node)
        seconds = dict(
            zip(
                kernels,
                _race([_Runner(library, trials[node.name, k]) for k in kernels]),
                strict=True,
            )
        )
        best = min(sparse, key=seconds.__getitem__)
        faster = seconds[best] < seconds[dense] * (1 - MARGIN)
        choices[node.name] = Choice(best if faster else dense, seconds[dense], seconds[best])
    return choices


def _trial(graph: Graph, node: Node, kernel: Kernel, prefix: str, sizes: Mapping[str, int]) -> Unit:
    """A program of this layer alone, its sizes fixed."""
    x, *weights = node.inputs
    shape = tuple(at(size, sizes) for size in infer(graph)[x])
    constants = {name: graph.constants[name] for name in weights}
    alone = Graph((Value(x, shape),), (node,), (node.name,), constants)
    return emit(lower(alone, prefix, {node.name: kernel}), {})


def _repeated(unit: Unit) -> str:
    """A C function that runs a trial many times."""
    name = unit.interface.name
    ports = (*unit.interface.inputs, *unit.interface.outputs)
    parameters = ", ".join(f"void *p{i}" for i in range(len(ports)))
    passed = ", ".join(f"p{i}" for i in range(len(ports)))
    return (
        f"{name.upper()}_API void {name}_repeat("
        f"void *weights, {parameters}, void *arena, size_t size, int64_t n)\n"
        "{\n"
        "    for (int64_t i = 0; i < n; i++)\n"
        f"        {name}_run(weights, {passed}, arena, size, NULL);\n"
        "}\n"
    )


class _Runner:
    """One trial with its inputs, outputs and arena in place."""

    def __init__(self, library: Library, unit: Unit) -> None:
        binding = Binding(library, unit.interface, unit.weights.data)
        self.weights = binding.weights
        rng = np.random.default_rng(0)
        shapes = [*binding.shapes("input", {}), *binding.shapes("output", {})]
        self.arrays = [rng.standard_normal(shape, np.float32) for shape in shapes]
        self.arena = aligned(binding.arena_bytes({}))
        self.function = library.functions[f"{unit.interface.name}_repeat"]
        self.function.restype = None
        self.function.argtypes = [
            *[ctypes.c_void_p] * (len(shapes) + 2),
            ctypes.c_size_t,
            ctypes.c_int64,
        ]

    def seconds(self, repeats: int) -> float:
        """The seconds of one run, as the mean of some.

        The clock is that of this thread, so that it stands still while others have the processor.
        """
        pointers = [array.ctypes.data for array in (self.weights, *self.arrays, self.arena)]
        start = time.thread_time()
        self.function(*pointers, self.arena.nbytes, repeats)
        return (time.thread_time() - start) / repeats


def _race(runners: Sequence[_Runner]) -> list[float]:
    """The median seconds of each runner; they take turns, so that a busy moment meets all."""
    for runner in runners:
        runner.seconds(1)
    single = [runner.seconds(1) for runner in runners]
    repeats = [max(1, math.ceil(_SAMPLE_SECONDS / max(s, 1e-9))) for s in single]
    once = sum(s * r for s, r in zip(single, repeats, strict=True))
    rounds = min(_ROUNDS, max(3, int(_BUDGET_SECONDS / once)))
    samples = [
        [runner.seconds(r) for runner, r in zip(runners, repeats, strict=True)]
        for _ in range(rounds)
    ]
    return [statistics.median(column) for column in zip(*samples, strict=True)]
