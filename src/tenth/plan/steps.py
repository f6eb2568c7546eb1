"""What one training step of a captured model does: FLOPs forward and backward, bytes, operations.

FLOPs are of matrix products and convolutions, one multiply-accumulate being 2, as a receipt counts
them; the other operations move bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tenth.errors import InputError, must
from tenth.figures import Figure, product, total
from tenth.graph.count import MULTIPLIED, NodeCount, count
from tenth.graph.dims import Dim
from tenth.graph.program import Graph, Node
from tenth.layouts import kept_count
from tenth.plan.calibrate import Calibration
from tenth.plan.checks import whole
from tenth.plan.formulas import inverse

_PRUNED = ("linear", "conv")
# the share of a numpy product's rate that the products of a step get, how often it moves each
# activation, what starting an operation, its gradient and its update costs: within ×/÷1.5 on eight
# small nets of one machine, hence ×/÷3 anywhere
_GEMM_SHARE, _MOVED, _START_SECONDS = 0.8, 16, 180e-6
_MODEL = Figure(1.0, "", 1 / 3, 3.0, "estimated", "roofline")


@dataclass(frozen=True)
class StepWork:
    """One step. `useful` leaves out removed weights; `kept` and `parameters` are counts."""

    executed: float
    useful: float
    activation_bytes: float
    largest_bytes: float
    operations: int
    parameters: int
    kept: int


def training_step(
    graph: Graph, examples: int, sizes: Mapping[str, int] | None = None, density: float = 1.0
) -> StepWork:
    """Count a forward and a backward pass over so many examples.

    The backward pass of a product is one product for each operand that owes a gradient: the weight,
    and the input unless nothing before it has weights. So it is twice the forward pass, less the
    input gradient of what reads the program's inputs. Every constant counts as trainable.

    Args:
        graph: the program; its first axis is the batch.
        examples: in one step.
        sizes: the free sizes by name, without the batch.
        density: fraction kept of each linear and conv weight, after pruning.

    Raises:
        InputError: a free size is missing.
    Source: reverse-mode differentiation, arXiv:1502.05767.
    """
    sizes, scale = _batch(graph, examples, sizes or {})
    counts = count(graph, sizes).nodes
    executed = useful = 0.0
    for node, counted, operands in zip(graph.nodes, counts, _operands(graph), strict=True):
        if node.op in MULTIPLIED:
            executed += counted.flops * (1 + operands) * scale
            useful += _useful(graph, node, counted, density) * (1 + operands) * scale
    parameters = sum(array.size for array in graph.constants.values())
    weights = {
        n.inputs[1] for n in graph.nodes if n.op in _PRUNED and n.inputs[1] in graph.constants
    }
    sizes_of = [graph.constants[name].size for name in weights]
    removed = sum(size - kept_count(size, density) for size in sizes_of)
    return StepWork(
        executed,
        useful,
        activation_bytes=sum(c.activation_bytes for c in counts) * scale,
        largest_bytes=max((c.activation_bytes for c in counts), default=0) * scale,
        operations=len(counts),
        parameters=parameters,
        kept=parameters - removed,
    )


def _batch(graph: Graph, examples: int, sizes: Mapping[str, int]) -> tuple[dict[str, int], float]:
    """The sizes with the batch's, and by how much a fixed batch must be scaled."""
    for name, size in sizes.items():
        whole(f"size {name!r}", size)
    dims = [size for value in graph.inputs for size in value.shape if isinstance(size, Dim)]
    first = graph.inputs[0].shape[0]
    batch = first.symbols() if isinstance(first, Dim) else set()
    missing = sorted(set().union(*(dim.symbols() for dim in dims)) - batch - set(sizes))
    if missing:
        example = ", ".join(f'"{name}": 32' for name in missing)
        remedy = f"The model takes any {', '.join(missing)}: pass sizes={{{example}}}."
        got = ", ".join(sorted(sizes)) or "none"
        raise InputError(must("sizes", f"given for {', '.join(missing)}", got, remedy))
    scale = 1.0 if isinstance(first, Dim) else examples / first
    return dict(sizes) | dict.fromkeys(batch, examples), scale


def _operands(graph: Graph) -> list[int]:
    """For each node, how many of its two operands owe a gradient."""
    owing = set(graph.constants)
    operands = []
    for node in graph.nodes:
        operands.append(sum(name in owing for name in node.inputs[:2]))
        if any(name in owing for name in node.inputs):
            owing.add(node.name)
    return operands


def _useful(graph: Graph, node: Node, counted: NodeCount, density: float) -> float:
    weight = graph.constants.get(node.inputs[1])
    if weight is None or node.op not in _PRUNED:
        return counted.useful_flops
    kept = counted.flops * kept_count(weight.size, density) / weight.size
    return min(counted.useful_flops, kept)


def seconds(step: StepWork, machine: Calibration) -> Figure:
    """Time of one step on the machine that was calibrated, nobody having measured one.

    FLOPs ÷ (0.8 × GEMM rate) + 16 × activation bytes ÷ copy rate + 180 µs an operation.

    Source: roofline, doi:10.1145/1498765.1498785; its constants fitted on eight small nets.
    """
    flops = Figure(step.executed / _GEMM_SHARE, "FLOP", label="counted", source="graph")
    moved = Figure(_MOVED * step.activation_bytes, "bytes", label="counted", source="graph")
    starts = Figure(_START_SECONDS * step.operations, "s", label="estimated", source="starts")
    parts = [
        product([flops, inverse(machine.gemm)], "s", "products"),
        product([moved, inverse(machine.copy)], "s", "bytes"),
        starts,
    ]
    source = "roofline of this machine, a measured step is better"
    return product([total(parts), _MODEL], "s", source)
