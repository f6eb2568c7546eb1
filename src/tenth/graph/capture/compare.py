"""Seeing that a graph does what the model does, at the example's sizes and at others."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils._pytree import tree_leaves

from tenth.errors import InputError, TenthError, UnsupportedError, must
from tenth.graph.capture.build import FreeSizeError
from tenth.graph.dims import at
from tenth.graph.interpret import run
from tenth.graph.program import Graph
from tenth.graph.shapes import infer

Example = tuple[Tensor, ...]


def outputs_of(model: nn.Module, example: Example) -> list[Tensor]:
    """What the model gives for the example, as a list."""
    try:
        result = model(*example)
    except Exception as error:
        raise InputError(
            must("example", "accepted by the model's forward", first_line(error))
        ) from error
    return tensors_of(result)


def tensors_of(result: Any) -> list[Tensor]:
    """The tensors that a model gave, in tuples, dicts and what torch takes apart besides.

    What is None is left out, as where a state or weights of attention were not asked for.

    Raises:
        UnsupportedError: there are none, or other things too.
    """
    leaves = [leaf for leaf in tree_leaves(result) if leaf is not None]
    others = [leaf for leaf in leaves if not isinstance(leaf, Tensor)]
    if others or not leaves:
        got = type(others[0]).__name__ if others else "nothing"
        remedy = "Wrap the model in a module that returns its tensors."
        if "Cache" in got:  # what decoders of transformers keep between words
            remedy = "Set use_cache to False in its config."
        rule = "a tensor, or tensors in tuples and dicts"
        raise UnsupportedError(must("the model's output", rule, got, remedy))
    return leaves


def check_ranges(
    program: ExportedProgram, graph: Graph, symbols: Mapping[str, str], sizes: Mapping[str, int]
) -> None:
    """See that torch allows a free size wherever the shapes of the graph do.

    A branch such as `if x.shape[2] > 16` narrows the range that torch found.

    Raises:
        FreeSizeError: the model does something else at other sizes.
    """
    for symbol, found in program.range_constraints.items():
        name = symbols.get(str(symbol))
        if name is None:
            continue
        low, high = int(found.lower), str(found.upper)
        outside = ([low - 1] if low > 2 else []) + ([int(high) + 1] if high.isdigit() else [])
        # too small for a window, or too large for a table: nothing to hide
        if any(_allowed(graph, {**sizes, name: size}) for size in outside):
            raise FreeSizeError(must(f"size {name}", "free", f"from {low} to {high}"))


def _allowed(graph: Graph, sizes: Mapping[str, int]) -> bool:
    try:
        infer(graph, sizes)
    except InputError:
        return False
    return True


def compare(model: nn.Module, graph: Graph, example: Example, sizes: Mapping[str, int]) -> None:
    """Run both at these sizes.

    Raises:
        FreeSizeError: they differ.
    """
    shapes = [tuple(at(size, sizes) for size in value.shape) for value in graph.inputs]
    xs = tuple(_resized(x, shape) for x, shape in zip(example, shapes, strict=True))
    try:
        expected = [y.double().cpu().numpy() for y in outputs_of(model, xs)]
        got = run(
            graph,
            *(x.cpu().float().numpy() if x.is_floating_point() else x.cpu().numpy() for x in xs),
        )
    except TenthError as error:
        raise FreeSizeError(str(error)) from error
    precise = all(x.dtype in (torch.float32, torch.float64) for x in model.parameters())
    tolerance = 1e-3 if precise else 5e-2
    for want, have in zip(expected, got, strict=True):
        scale = max(1.0, float(np.abs(want[np.isfinite(want)]).max(initial=0)))
        if want.shape != have.shape or not np.allclose(
            want, have, rtol=0, atol=tolerance * scale, equal_nan=True
        ):
            raise FreeSizeError(
                must("the captured graph", "equal to the model", f"a difference at {shapes}")
            )


def _resized(x: Tensor, shape: Sequence[int]) -> Tensor:
    """The example repeated or cut to a shape, with noise on what is not an id."""
    for axis, size in enumerate(shape):
        x = x.index_select(axis, torch.arange(size, device=x.device) % x.shape[axis])
    if not x.is_floating_point():
        return x
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    return x + noise.to(x)


def first_line(error: BaseException) -> str:
    """What torch says, without its page of advice."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
