"""The receipt of a compiled program: what compiling cost, and what the zeros saved."""

from collections.abc import Mapping

from tenth.figures import counted
from tenth.graph.count import count
from tenth.graph.program import Graph
from tenth.receipt import Aim, BeforeAfter, Receipt, Stage
from tenth.ship.manifest import Manifest


def account(graph: Graph, manifest: Manifest, library_bytes: int, stage: Stage) -> Receipt:
    """The receipt: the metered stage, and each size of the dense program beside what it became."""
    sizes = manifest.example_sizes
    total = count(graph, sizes)
    form = f"weights.bin, layers in {manifest.values}"
    aim = Aim(manifest.interface.name, "agreement with the original")
    receipt = Receipt(manifest.interface.name, aim, stages=[stage])
    receipt.sizes = [
        BeforeAfter(
            "weights",
            counted(total.weights, "weights", "the graph"),
            counted(total.kept_weights, "weights", "those that are not pruned"),
        ),
        BeforeAfter(
            "bytes of the weights",
            counted(total.weight_bytes, "bytes", "dense float32"),
            counted(manifest.weights_bytes, "bytes", form),
        ),
        BeforeAfter(
            "FLOPs of a run",
            counted(total.flops, "FLOP", f"the graph {_at(sizes)}"),
            counted(total.useful_flops, "FLOP", "the same, zeros skipped"),
        ),
    ]
    kernels = ", ".join(
        f"{[layer.kernel for layer in manifest.layers].count(kernel)} {kernel}"
        for kernel in dict.fromkeys(layer.kernel for layer in manifest.layers)
    )
    receipt.notes = [
        f"Density {total.kept_weights / max(1, total.weights):.3g} of all weights.",
        f"Kernels of the layers: {kernels or 'none'}.",
        f"The library has {library_bytes:,} bytes.",
        f"On random inputs, {manifest.checked_on} was within a relative error of "
        f"{manifest.relative_error:.1e} of the original.",
    ]
    return receipt


def _at(sizes: Mapping[str, int]) -> str:
    return "at " + (", ".join(f"{name} = {size}" for name, size in sizes.items()) or "its sizes")
