"""Following an exported program, operation by operation, into a graph."""

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import BuiltinFunctionType
from typing import Any, cast

import torch
from torch import fx
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind, InputSpec, OutputKind
from torch.fx.node import map_arg

from tenth.errors import InputError, TenthError, UnsupportedError, must
from tenth.graph.capture.aten import ATEN, HINTS
from tenth.graph.capture.build import REMEDY, Build, FreeSizeError, Ref
from tenth.graph.capture.call import Call
from tenth.graph.capture.sized import Both, Sized, size_of
from tenth.graph.dims import Dim, Size
from tenth.graph.program import Graph, Value

_FRESH = {
    *("linear", "matmul", "conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "cat"),
    *("batch_norm", "layer_norm", "group_norm", "instance_norm", "add", "sub", "mul", "div"),
    *("max_pool1d", "max_pool2d", "upsample_nearest2d", "upsample_bilinear2d"),
}
"""Operations whose result shares no memory, so that it may be overwritten."""

_SHAPED = {"zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full"}
"""Operations that read only the shape of a value."""


class Unknown:
    """A size that could not be computed; nothing may need it."""


def functional(program: ExportedProgram) -> ExportedProgram:
    """The program without operations that write into memory others read.

    y = x.view(4); y.add_(1); return x  -->  y = x.view(4); z = y + 1; return z.view(2, 2)
    """
    if any(_overwrites(node) for node in program.graph.nodes):
        return program.run_decompositions({})
    return program


@dataclass(frozen=True)
class Sizes:
    """Free sizes: each symbol of torch in our words, those of the example, and bounds."""

    symbols: Mapping[str, Size] = field(default_factory=dict)
    example: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)


def walk(program: ExportedProgram, inputs: Sequence[Value], sizes: Sizes) -> Graph:
    """The graph of a functional program whose inputs are these.

    Raises:
        FreeSizeError: it works only with sizes fixed.
        UnsupportedError: an operation is not expressed, or the model keeps state.
        InputError: a weight is not finite.
    """
    build = Build(sizes=dict(sizes.example), limits=dict(sizes.limits))
    values: dict[fx.Node, Any] = {}
    given = iter(inputs)
    specs = {spec.arg.name: spec for spec in program.graph_signature.input_specs}
    for node in program.graph.nodes:
        if node.op == "placeholder":
            spec = specs[node.name]
            is_input = spec.kind is InputKind.USER_INPUT and hasattr(node.meta.get("val"), "shape")
            values[node] = (
                build.add_input(next(given))
                if is_input
                else _known(program, spec, bool(node.users))
            )
        elif node.op == "call_function":
            values[node] = _step(build, node, values, sizes.symbols)
        elif node.op != "output":
            values[node] = Unknown()
    return build.finish(_outputs(program, build, values))


def _overwrites(node: fx.Node) -> bool:
    """Whether it writes into memory that something else may read."""
    if not isinstance(node.target, torch._ops.OpOverload) or not node.target._schema.is_mutable:
        return False
    source = node.args[0] if node.args else None
    if not isinstance(source, fx.Node) or len(source.users) != 1:
        return True
    if not isinstance(source.target, torch._ops.OpOverload):
        return True
    if source.target._schema.is_mutable:
        return _overwrites(source)
    return _name(source.target) not in _FRESH


def _known(program: ExportedProgram, spec: InputSpec, used: bool) -> Any:
    """A weight, a buffer or a constant of the model."""
    if spec.kind is InputKind.USER_INPUT:
        return getattr(spec.arg, "value", None)
    if not isinstance(spec.target, str):
        return Unknown()
    value = program.state_dict.get(spec.target, program.constants.get(spec.target))
    if not isinstance(value, torch.Tensor):
        return Unknown()
    if used and value.is_floating_point():
        bad = ~torch.isfinite(value)
        if spec.kind is not InputKind.PARAMETER:
            bad &= value != -torch.inf  # masks may hold it
        if bad.any():
            raise InputError(
                must(
                    f"weight {spec.target!r}",
                    "finite",
                    f"{int(bad.sum())} of {value.numel()} NaN or inf",
                    "Train it again, or restore an earlier checkpoint.",
                )
            )
    return value


def _step(
    build: Build, node: fx.Node, values: Mapping[fx.Node, Any], symbols: Mapping[str, Size]
) -> Any:
    args = map_arg(node.args, values.__getitem__)
    kwargs = map_arg(node.kwargs, values.__getitem__)
    target = node.target
    if target is operator.getitem and isinstance(args[0], tuple):
        return args[0][cast(int, args[1])]
    if not isinstance(target, torch._ops.OpOverload):
        return _size(node, target, args)
    name = _name(target)
    if name.startswith(("_assert", "sym_constrain")):
        return None
    meta = node.meta.get("val")
    used = frozenset(
        cast(int, user.args[1])
        for user in node.users
        if user.target is operator.getitem and user.users
    )
    arguments = _arguments(target, args, kwargs)
    call = Call(build, name, _path(node), arguments, getattr(meta, "dtype", None), used)
    flat = [leaf for value in call.arguments.values() for leaf in _leaves(value)]
    if any(isinstance(leaf, Unknown) for leaf in flat):
        raise FreeSizeError(must(f"a size in {call.where}", "fixed", "an expression of sizes"))
    if name == "sym_size":
        return call.shape(call["self"])[call["dim"]]
    if name in _SHAPED and isinstance(arguments["self"], Ref):
        return _filled(call, meta, symbols)
    if not any(isinstance(leaf, Ref | Both) for leaf in flat):
        return _constant(call, target, flat, meta, symbols)
    if call.op not in ATEN:
        raise _unknown(call, target, _unknown_behind(node, values))
    result = _captured(call)
    if call.dtype == torch.bool and isinstance(result, Ref):
        build.flags.add(result.name)
    return result


def _filled(call: Call, meta: Any, symbols: Mapping[str, Size]) -> Any:
    """Zeros or ones of a shape that follows from another value's."""
    shape = tuple(size_of(size, symbols) for size in meta.shape)
    number = 0 if "zeros" in call.op else 1 if "ones" in call.op else call["fill_value"]
    arguments = {"size": list(shape), "fill_value": number, "dtype": meta.dtype}
    if any(isinstance(size, Dim) for size in shape):
        return Sized(torch.full, arguments, shape)
    return torch.full(**arguments)


def _unknown(call: Call, target: Any, others: Sequence[str]) -> TenthError:
    """What is wrong with an operation that is in no table, and which others are not either."""
    more = f"The same is true of {', '.join(others)}." if others else ""
    hint = " ".join(part for part in (HINTS.get(call.op, ""), REMEDY, more) if part)
    return call.refuse("an operation that a graph can express", f"torch.ops.{target}", hint)


def _unknown_behind(node: fx.Node, values: Mapping[fx.Node, Any]) -> list[str]:
    """The other operations in no table among those that are yet to come."""
    reached = {one for one, value in values.items() if isinstance(value, Ref)} | {node}
    found: dict[str, None] = {}
    for one in node.graph.nodes:
        target = one.target
        if one in values or not isinstance(target, torch._ops.OpOverload):
            continue
        name = _name(target)
        if name == "sym_size" or reached.isdisjoint(one.all_input_nodes):
            continue
        reached.add(one)
        if name not in ATEN and name not in _SHAPED and one is not node:
            found[name] = None
    return list(found)


def _captured(call: Call) -> Any:
    try:
        return ATEN[call.op](call)
    except TenthError:
        raise
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
        raise call.refuse("called in a way that is understood", got) from error


def _constant(
    call: Call, target: Any, flat: Sequence[Any], meta: Any, symbols: Mapping[str, Size]
) -> Any:
    """What follows from weights alone is computed now; from sizes, when they are known."""
    if torch.Tag.nondeterministic_seeded in target.tags:
        raise call.refuse("the same on each run", "random numbers")
    if not any(isinstance(leaf, Dim | Sized) for leaf in flat):
        result = target(**call.arguments)
        return tuple(result) if isinstance(result, list) else result
    if isinstance(meta, list | tuple) and all(isinstance(part, torch.Tensor) for part in meta):
        shapes = [tuple(size_of(size, symbols) for size in part.shape) for part in meta]
        return tuple(Sized(target, call.arguments, s, i) for i, s in enumerate(shapes))
    if not isinstance(meta, torch.Tensor):
        raise FreeSizeError(must(f"a size in {call.where}", "fixed", "a free one"))
    shape = tuple(size_of(size, symbols) for size in meta.shape)
    return Sized(target, call.arguments, shape)


def _size(node: fx.Node, target: Any, args: Sequence[Any]) -> Any:
    """Arithmetic on sizes; what cannot be said with + - * // by a number stays unknown."""
    if not isinstance(target, BuiltinFunctionType) or any(
        isinstance(leaf, Ref | Sized | Both) for arg in args for leaf in _leaves(arg)
    ):
        where = f"{target} in module {_path(node)!r}"
        raise UnsupportedError(must(where, "a plain operation", "control flow or a mode", REMEDY))
    try:
        return target(*args)
    except (TypeError, TenthError):
        return Unknown()


def _outputs(program: ExportedProgram, build: Build, values: Mapping[fx.Node, Any]) -> list[Ref]:
    """One node for each output."""
    output = next(node for node in program.graph.nodes if node.op == "output")
    outputs: list[Ref] = []
    for spec, node in zip(program.graph_signature.output_specs, output.args[0], strict=True):
        if spec.kind is not OutputKind.USER_OUTPUT:
            remedy = "Make it compute its outputs without keeping state."
            thing = spec.target or "an input"
            raise UnsupportedError(
                must("a model", "without side effects", f"{thing!r} changed", remedy)
            )
        if node is None:
            continue  # no tensor, such as a state that was not asked for
        value = values[node]
        if not isinstance(value, Ref) or value.name not in build.nodes or value in outputs:
            call = Call(build, "output", "", {})
            rank = len(call.shape(value))
            value = call.emit("reshape", call.floats(value), shape=(0,) * rank)
        outputs.append(value)
    return outputs


def _arguments(target: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by the names of the operation's signature, defaults included."""
    schema = target._schema.arguments
    named = {a.name: a.default_value for a in schema if a.has_default_value()}
    named.update({a.name: value for a, value in zip(schema, args, strict=False)})
    return named | dict(kwargs)


def _name(target: Any) -> str:
    """`conv2d` for torch.ops.aten.conv2d.default, `relu` for relu_ too."""
    name = target._schema.name.removeprefix("aten::")
    return name.removesuffix("_") if target._schema.is_mutable else name


def _path(node: fx.Node) -> str:
    """The module that a node was written in, `block.0.conv`."""
    stack: Mapping[str, Any] = node.meta.get("nn_module_stack") or {}
    paths = [path for path, kind in stack.values() if path != kind]
    return re.sub(r"@\d+", "", paths[-1]) if paths else ""


def _leaves(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
