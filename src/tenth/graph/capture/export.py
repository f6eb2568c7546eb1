"""Capturing a model: export it, follow the program, and compare the graph with the model."""

import logging
import warnings
from collections.abc import Iterator, Set
from contextlib import contextmanager, redirect_stderr
from io import StringIO

import torch
from torch import Tensor, nn
from torch.export import Dim as ExportDim
from torch.export import ExportedProgram, ShapesCollection, export

from tenth.errors import InputError, UnsupportedError, must
from tenth.graph.capture.build import FreeSizeError
from tenth.graph.capture.compare import Example, check_ranges, compare, first_line, outputs_of
from tenth.graph.capture.walk import functional, walk
from tenth.graph.dims import Dim, Size
from tenth.graph.names import named
from tenth.graph.program import Graph, Value
from tenth.graph.shapes import bind
from tenth.graph.simplify import drop_unused, fold_affine
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
    graph = fold_affine(drop_unused(walk(program, inputs)))
    leaves = {
        path
        for path, module in model.named_modules()
        if type(module).__module__.startswith("torch.nn.") and not any(module.children())
    }
    graph = named(graph, leaves)
    verify(graph)
    sizes = bind(graph, [tuple(x.shape) for x in example])
    check_ranges(program, graph, symbols, sizes)
    others = {name: size + 1 for name, size in sizes.items()}
    if sizes.get("n", 0) > 2:
        others["n"] = sizes["n"] - 1  # cheaper
    compare(model, graph, example, others)
    return graph


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
            axes = [axis for axis in range(x.ndim) if _role(x.ndim, axis)]
            shapes[x] = dict.fromkeys(axes, ExportDim.AUTO)
    dynamic = shapes.dynamic_shapes(model, example) if free else None
    try:
        # on failure torch prints the program so far
        with redirect_stderr(StringIO()):
            return functional(export(model, example, dynamic_shapes=dynamic, strict=False))
    except Exception as error:
        raise _ExportError(first_line(error)) from error


def _role(rank: int, axis: int) -> str:
    """What a size that may be free is called; "" for one that may not."""
    return "n" if axis == 0 else _SPACE.get(rank, {}).get(axis, "")


def _inputs(
    program: ExportedProgram, example: Example, names: Set[str]
) -> tuple[list[Value], dict[str, str]]:
    """The inputs of the graph, and the name of each symbol of torch that is free."""
    symbols: dict[str, str] = {}
    values = []
    metas = [
        node.meta["val"]
        for node in program.graph.nodes
        if node.name in program.graph_signature.user_inputs
    ]
    for name, x, meta in zip(program.graph_signature.user_inputs, example, metas, strict=True):
        shape: list[Size] = []
        for axis, size in enumerate(meta.shape):
            role, symbol = _role(x.ndim, axis), _symbol(size)
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
