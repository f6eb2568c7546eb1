"""Seeing that a compiled program computes what its graph, and its model, say."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tenth.errors import CompileError, InputError, must
from tenth.graph.dims import at
from tenth.graph.interpret import run
from tenth.graph.program import Graph
from tenth.graph.shapes import infer
from tenth.kernels.records import Values
from tenth.ship.binding import Binding
from tenth.ship.emit.example import id_bounds
from tenth.ship.emit.lower import rounded_graph

LIMIT = 1e-4
"""The largest relative error ‖y - ref‖ / ‖ref‖ of an output, where nothing is rounded."""
ROUNDED_LIMITS: Mapping[Values, float] = {"float32": LIMIT, "float16": 1e-2, "bfloat16": 8e-2}
"""The same beside the original, where its weights are rounded to fewer bits."""

Outputs = Sequence[np.ndarray]


def check(
    binding: Binding,
    graph: Graph,
    sizes: Mapping[str, int],
    model: Callable[[Outputs], Outputs] | None = None,
    *,
    values: Values = "float32",
) -> float:
    """The largest relative error on random inputs, at the given free sizes and at others.

    The references are the interpreter in float64, with the weights as they are and as `values`
    rounds them, and, where there is one, the model.

    Raises:
        CompileError: it is above its limit.
    """
    worst, written = 0.0, rounded_graph(graph, values)
    for seed, trial in enumerate((sizes, _other_sizes(graph, sizes))):
        inputs = random_inputs(graph, trial, seed)
        outputs = binding.run(inputs, trial)
        references = {"the interpreter": (run(written, *inputs, dtype=np.float64), LIMIT)}
        if values != "float32":
            original = run(graph, *inputs, dtype=np.float64)
            references["the weights before rounding"] = (original, ROUNDED_LIMITS[values])
        if model is not None:
            references["the model"] = (list(model(inputs)), ROUNDED_LIMITS[values])
        for what, (reference, limit) in references.items():
            for name, y, ref in zip(graph.outputs, outputs, reference, strict=True):
                error = relative_error(y, ref)
                if not error <= limit:
                    raise CompileError(
                        must(
                            f"output {name!r} of the compiled program",
                            f"within {limit:g} of {what}",
                            f"a relative error of {error:.3g} at {dict(trial) or 'fixed sizes'}",
                            "Try another compiler through CC, and please report this.",
                        )
                    )
                worst = max(worst, error)
    return worst


def relative_error(y: np.ndarray, reference: np.ndarray) -> float:
    """‖y - ref‖ / ‖ref‖; infinite where shapes or numbers that are not finite differ."""
    finite = np.isfinite(reference)
    if y.shape != reference.shape:
        return float("inf")
    if not np.array_equal(y[~finite], reference[~finite], equal_nan=True):
        return float("inf")
    difference, scale = y[finite] - reference[finite], np.linalg.norm(reference[finite])
    if not np.isfinite(difference).all():
        return float("inf")
    return float(np.linalg.norm(difference) / (scale or 1.0))


def random_inputs(graph: Graph, sizes: Mapping[str, int], seed: int) -> list[np.ndarray]:
    """Inputs of the right types and shapes: normal numbers, and ids that their tables hold."""
    rng = np.random.default_rng(seed)
    entries = id_bounds(graph)
    inputs: list[np.ndarray] = []
    for value in graph.inputs:
        shape = tuple(at(size, sizes) for size in value.shape)
        if value.dtype == "int64":
            inputs.append(rng.integers(0, entries.get(value.name, 1), shape, np.int64))
        else:
            inputs.append(rng.standard_normal(shape, np.float32))
    return inputs


def _other_sizes(graph: Graph, sizes: Mapping[str, int]) -> Mapping[str, int]:
    """Other free sizes that the graph accepts: all of them changed, else the first, else none."""
    candidates = [
        {name: size + (1 if i == 0 else 8) for i, (name, size) in enumerate(sizes.items())},
        {name: size + (i == 0) for i, (name, size) in enumerate(sizes.items())},
    ]
    for candidate in candidates:
        try:
            infer(graph, candidate)
        except InputError:
            continue
        return candidate
    return sizes


def runner(module: Any, example: Sequence[Any]) -> Callable[[Outputs], Outputs] | None:
    """A torch module as a function of numpy arrays, in evaluation mode while it runs.

    None for a module of low precision, which says too little about numbers in float32.
    """
    # torch is loaded already if a module of it is there; nothing else in this room needs it
    torch: Any = importlib.import_module("torch")
    tensors_of = importlib.import_module("tenth.graph.capture.compare").tensors_of
    if any(p.dtype not in (torch.float32, torch.float64) for p in module.parameters()):
        return None

    def call(inputs: Outputs) -> Outputs:
        modes = {part: part.training for part in module.modules()}
        tensors = (torch.from_numpy(x).to(like) for x, like in zip(inputs, example, strict=True))
        module.eval()
        try:
            with torch.no_grad():
                result = module(*tensors)
        finally:
            for part, mode in modes.items():
                part.training = mode
        return [tensor.detach().cpu().numpy() for tensor in tensors_of(result)]

    return call
