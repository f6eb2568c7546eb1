"""Capturing a model: export it, follow the program, and compare the graph with the model."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim as ExportDim
from torch.export import ExportedProgram, ShapesCollection, export

from tenth.errors import InputError, UnsupportedError, must
from tenth.graph.capture.build import FreeSizeError
from tenth.graph.capture.compare import Example, check_ranges, compare, first_line, outputs_of
from tenth.graph.capture.recurrent import free_lengths
from tenth.graph.capture.walk import Sizes, functional, walk
from tenth.graph.curves import join_gelu
from tenth.graph.dims import Dim, Size
from tenth.graph.names import named
from tenth.graph.program import Graph, Value
from tenth.graph.shapes import bind, infer
from tenth.graph.simplify import drop_unused, fold_affine, hoist, merge
from tenth.graph.verify import verify

_SPACE = {3: {2: "l"}, 4: {2: "h", 3: "w"}}
"""What the sizes after batch and channels are called, by the rank of an input."""


def capture(model: nn.Module, example: Example) -> Graph:
    """The graph of what `model` computes in eval mode; the model stays as it was.

    The batch (axis 0) is the free size `n` where the model allows it, and so are the sizes of a
    sequence or a picture: `l`, or `h` and `w`. The graph was compared with the model at other
    sizes than the example's.

    Args:
        model: any module that torch.export can follow.
        example: the positional arguments of its forward.

    Raises:
        InputError: the example does not fit the model, or a weight is NaN or infinite.
        UnsupportedError: the model does what a graph cannot express; the message says where.

    Cost: two or three runs of the model, the export (under a second for a small one), and one run
    in numpy.
    """
    _check(model, example)
    with _in_eval(model), torch.no_grad(), _quiet():
        return _captured(model, example)


def _captured(model: nn.Module, example: Example) -> Graph:
    outputs_of(model, example)
    wide = tuple(_widened(x) for x in example)
    try:
        program = _exported(model, wide, free=True)
        for names in ({"n", "l", "h", "w"}, {"n"}):
            try:
                return _checked(model, program, wide, names)
            except FreeSizeError:
                continue
    except _ExportError:
        pass  # it may still export with every size fixed
    try:
        program = _exported(model, example, free=False)
    except _ExportError as error:
        raise UnsupportedError(
            must(
                "the model",
                "one fixed sequence of tensor operations",
                str(error),
                "Take branches and loops that depend on values out of its forward.",
            )
        ) from error
    return _checked(model, program, example, set())


def _checked(
    model: nn.Module, program: ExportedProgram, example: Example, names: Set[str]
) -> Graph:
    """The graph with these free sizes, after a comparison with the model.

    Raises:
        FreeSizeError: the model does not allow them.
    """
    inputs, symbols = _inputs(program, example, names)
    sizes = bind(Graph(tuple(inputs), (), ()), [tuple(x.shape) for x in example])
    known = _sizes(program, inputs, symbols, sizes)
    graph = drop_unused(merge(walk(program, inputs, known)))
    graph = join_gelu(fold_affine(hoist(graph)))
    leaves = {
        path
        for path, module in model.named_modules()
        if type(module).__module__.startswith("torch.nn.") and not any(module.children())
    }
    graph = named(graph, leaves)
    verify(graph)
    check_ranges(program, graph, symbols, sizes)
    compare(model, graph, example, _other_sizes(graph, sizes))
    return graph


def _sizes(
    program: ExportedProgram,
    inputs: Sequence[Value],
    symbols: Mapping[str, str],
    example: Mapping[str, int],
) -> Sizes:
    """What the walk knows of sizes."""
    sizes: dict[str, Size] = {symbol: Dim.symbol(name) for symbol, name in symbols.items()}
    metas = (_input_sizes(program), (value.shape for value in inputs))
    for torch_shape, shape in zip(*metas, strict=True):
        for symbol, size in zip(torch_shape, shape, strict=True):
            sizes.setdefault(_symbol(symbol), size)
    limits = {
        symbols[str(symbol)]: int(found.upper)
        for symbol, found in program.range_constraints.items()
        if str(symbol) in symbols and str(found.upper).isdigit()
    }
    return Sizes(sizes, example, limits)


def _other_sizes(graph: Graph, sizes: Mapping[str, int]) -> Mapping[str, int]:
    """Other free sizes that the shapes of the graph allow, larger or smaller."""
    for step in (1, 2, 4, 8, 16, 32, -1, -2):
        others = {name: max(1, size + step) for name, size in sizes.items()}
        if sizes.get("n", 0) > 2:
            others["n"] = sizes["n"] - 1  # cheaper
        try:
            infer(graph, others)
        except InputError:
            continue
        return others
    return sizes


def _check(model: nn.Module, example: Example) -> None:
    if not isinstance(model, nn.Module):
        raise InputError(must("model", "a torch.nn.Module", type(model).__name__))
    if not isinstance(example, tuple) or not example:
        raise InputError(
            must("example", "a tuple of tensors", type(example).__name__, "Write (x,).")
        )
    for i, x in enumerate(example):
        if not isinstance(x, Tensor):
            raise InputError(must(f"example[{i}]", "a tensor", type(x).__name__))
        if not (x.is_floating_point() or x.dtype in (torch.int32, torch.int64)):
            raise InputError(must(f"example[{i}]", "of a float type, int32 or int64", x.dtype))
        if 0 in x.shape:
            raise InputError(must(f"example[{i}]", "without an axis of size 0", list(x.shape)))


def _widened(x: Tensor) -> Tensor:
    """The example with a batch of 3, if it has one of 1: torch takes a size of 0 or 1 for fixed.

    With 2, so would it a part of the batch, such as x[1:].
    """
    if x.ndim and len(x) == 1:
        return x.repeat(3, *(1,) * (x.ndim - 1))
    return x.clone()


class _ExportError(Exception):
    """torch.export gave up, in its words."""


def _exported(model: nn.Module, example: Example, *, free: bool) -> ExportedProgram:
    shapes = ShapesCollection()
    if free:
        for x in example:
            axes = [axis for axis in range(x.ndim) if _may_be_free(x, axis)]
            shapes[x] = dict.fromkeys(axes, ExportDim.AUTO)
    dynamic = shapes.dynamic_shapes(model, example) if free else None
    try:
        # on failure torch prints the program so far
        with redirect_stderr(StringIO()), free_lengths():
            return functional(export(model, example, dynamic_shapes=dynamic, strict=False))
    except Exception as error:
        raise _ExportError(first_line(error)) from error


def _may_be_free(x: Tensor, axis: int) -> bool:
    """Whether an axis may have a free size; channels may not."""
    return axis != 1 or x.ndim == 3 or (x.ndim == 2 and not x.is_floating_point())


def _roles(example: Example, metas: Sequence[Sequence[Any]]) -> list[list[str]]:
    """What each size that may be free is called; "" for one that may not.

    The middle of three axes is a length if the last one is fixed, as the width of an embedding is.
    """
    roles: list[list[str]] = []
    for x, meta in zip(example, metas, strict=True):
        names = {0: "n", **_SPACE.get(x.ndim, {})}
        if (x.ndim == 2 and not x.is_floating_point()) or (
            x.ndim == 3 and _symbol(meta[2]).isdigit()
        ):
            names[1] = "l"
        roles.append([names.get(axis, "") for axis in range(x.ndim)])
    return roles


def _input_sizes(program: ExportedProgram) -> list[Sequence[Any]]:
    """The sizes of each input, as torch writes them."""
    return [
        node.meta["val"].shape
        for node in program.graph.nodes
        if node.name in program.graph_signature.user_inputs
    ]


def _inputs(
    program: ExportedProgram, example: Example, names: Set[str]
) -> tuple[list[Value], dict[str, str]]:
    """The inputs of the graph, and the name of each symbol of torch that is free."""
    symbols: dict[str, str] = {}
    values = []
    metas = _input_sizes(program)
    roles = _roles(example, metas)
    for name, x, meta, own in zip(
        program.graph_signature.user_inputs, example, metas, roles, strict=True
    ):
        shape: list[Size] = []
        for axis, (size, role) in enumerate(zip(meta, own, strict=True)):
            symbol = _symbol(size)
            if role not in names or symbol.isdigit():
                shape.append(x.shape[axis])
            else:
                shape.append(Dim.symbol(_symbol_name(symbols, symbol, role)))
        values.append(Value(str(name), tuple(shape), _dtype(x)))
    if names and not any(role in symbols.values() for role in ("n",)):
        raise FreeSizeError(must("the batch", "free", "a fixed one"))
    return values, symbols


def _symbol(size: int | torch.SymInt) -> str:
    """What torch calls a size; digits where it is fixed."""
    return str(size if isinstance(size, int) else size.node.expr)


def _symbol_name(symbols: dict[str, str], symbol: str, role: str) -> str:
    if not symbol.isidentifier():
        raise FreeSizeError(must(f"size {role}", "free on its own", symbol))
    if symbol not in symbols:
        count = sum(name.startswith(role) for name in symbols.values())
        # there is one batch; another picture may have another size
        symbols[symbol] = f"{role}{count + 1}" if count and role != "n" else role
    return symbols[symbol]


def _dtype(x: Tensor) -> str:
    return "float32" if x.is_floating_point() else "int64"


@contextmanager
def _in_eval(model: nn.Module) -> Iterator[None]:
    """The model in eval mode; after that, modes and buffers as they were."""
    training = {module: module.training for module in model.modules()}
    buffers = {name: buffer.detach().clone() for name, buffer in model.named_buffers()}
    try:
        model.eval()
        yield
    finally:
        for module, flag in training.items():
            module.training = flag
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(buffers[name])


@contextmanager
def _quiet() -> Iterator[None]:
    """Torch warns and logs about its own insides while it exports."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
