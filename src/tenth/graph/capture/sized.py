"""Tensors that depend on free sizes alone: positions, causal masks, states of zeros.

They stay as they are until an activation meets them. Then they become a constant, cut or stretched
to the sizes of the input, or a word such as `causal`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from tenth.errors import must
from tenth.graph.capture.build import Build, FreeSizeError, Ref
from tenth.graph.dims import Dim, Size, at
from tenth.graph.program import Node
from tenth.graph.shape_checks import Shape

_MOST_ELEMENTS = 2**24
_LARGEST_SIZE = 2**17


class _TooLargeError(Exception):
    """A tensor at some sizes has more elements than anybody would store."""


@dataclass(frozen=True, eq=False)
class Sized:
    """A call of a torch operation whose arguments are known when the sizes are."""

    target: Callable[..., Any]
    arguments: Mapping[str, Any]
    shape: Shape
    part: int | None = None
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        leaves = [leaf for value in self.arguments.values() for leaf in _leaves(value)]
        sizes = [leaf for leaf in (*leaves, *self.shape) if isinstance(leaf, Dim)]
        names = [size.symbols() for size in sizes]
        names += [leaf.names for leaf in leaves if isinstance(leaf, Sized)]
        object.__setattr__(self, "names", frozenset().union(*names))

    def at(self, sizes: Mapping[str, int]) -> torch.Tensor:
        """The tensor at these sizes."""
        return _value(self, sizes, {})


@dataclass(frozen=True, eq=False)
class Both:
    """True where a mask that depends on sizes alone and a mask of the graph are both true."""

    sized: Sized
    ref: Ref
    shape: Shape


def _value(value: Any, sizes: Mapping[str, int], known: dict[Any, Any]) -> Any:
    if isinstance(value, Dim):
        return at(value, sizes)
    if isinstance(value, list | tuple):
        return [_value(part, sizes, known) for part in value]
    if not isinstance(value, Sized):
        return value
    if value not in known:
        given = {name: _value(v, sizes, known) for name, v in value.arguments.items()}
        result = value.target(**given)
        result = result if value.part is None else result[value.part]
        if result.numel() > _MOST_ELEMENTS:
            raise _TooLargeError
        known[value] = result
    return known[value]


def is_always(value: Any, build: Build, number: float) -> bool:
    """Whether a tensor, or one that depends on sizes, holds this number everywhere."""
    if isinstance(value, torch.Tensor):
        return bool((value == number).all())
    return isinstance(value, Sized) and all(
        bool((value.at(sizes) == number).all()) for sizes in _trials(value, build)
    )


def is_causal(value: Any, build: Build) -> bool:
    """Whether a mask says of row r that it meets the columns up to r: True, or 0 beside -inf."""
    if not isinstance(value, Sized) or len(value.shape) < 2:
        return False
    for sizes in _trials(value, build):
        mask = value.at(sizes)
        seen = mask if mask.dtype == torch.bool else mask == 0
        hidden = ~seen if mask.dtype == torch.bool else mask <= -1e30
        causal = torch.ones(mask.shape[-2:], dtype=torch.bool).tril()
        if not (bool((seen == causal).all()) and bool((hidden == ~causal).all())):
            return False
    return True


def settled(value: Sized, build: Build, *, whole: bool) -> Ref | torch.Tensor:
    """The value in the graph: a constant, cut to the sizes where it differs along them.

    Where it is the same along a free size, it is stretched to it only if `whole`; else that axis
    has size 1, which is enough where values stretch anyway.

    Raises:
        FreeSizeError: it is not the beginning of the same value at larger sizes, or those have no
            bound.
    """
    trials = _trials(value, build)
    seen = [value.at(sizes) for sizes in trials]
    free = [axis for axis, size in enumerate(value.shape) if isinstance(size, Dim)]
    varying = [axis for axis in free if any(bool((v != v.narrow(axis, 0, 1)).any()) for v in seen)]
    largest = dict(trials[0])
    for name in sorted(frozenset().union(*(_symbols(value.shape[axis]) for axis in varying))):
        largest[name] = _limit(value, build, name)
    constant = value.at(largest)
    for axis in free:
        if axis not in varying:
            constant = constant.narrow(axis, 0, 1)
    for small in seen:
        cut = constant
        for axis in varying:
            cut = cut.narrow(axis, 0, small.shape[axis])
        if not torch.equal(cut.expand(small.shape), small):
            raise FreeSizeError(must("a value made of sizes", "alike at all sizes", "another"))
    if constant.dtype == torch.bool:
        constant = constant.float()
    axes = free if whole else varying
    if not axes:
        return constant.contiguous()
    return fitted(build, build.add_constant(constant.contiguous()), value.shape, axes)


def fitted(build: Build, name: str, shape: Shape, axes: list[int], path: str = "") -> Ref:
    """A value with some axes cut or stretched to the sizes of `shape`."""
    waiting = list(axes)
    while waiting:
        source = build.place(shape[waiting[0]])
        like = build.shapes[source]
        now = [axis for axis in waiting if shape[axis] in like]
        places = tuple(like.index(shape[axis]) for axis in now)
        node = Node(
            f"v{len(build.nodes)}",
            "fit",
            (name, source),
            {"axes": tuple(now), "places": places},
            path,
        )
        name = build.add_node(node).name
        waiting = [axis for axis in waiting if axis not in now]
    return Ref(name)


def _trials(value: Sized, build: Build) -> list[dict[str, int]]:
    """The sizes of the example, and others."""
    sizes = dict(build.sizes)
    trials = [sizes]
    for step in (1, -1):
        other = {name: size + step for name, size in sizes.items()}
        if all(size > 1 and size <= build.limits.get(n, size) for n, size in other.items()):
            try:
                value.at(other)
            except (RuntimeError, IndexError):
                continue
            trials.append(other)
    if len(trials) == 1 and value.names:
        trials.append({name: max(2, size // 2) for name, size in sizes.items()})
    return trials


def _limit(value: Sized, build: Build, name: str) -> int:
    """The largest size at which the value can be computed.

    Raises:
        FreeSizeError: there seems to be none.
    """
    if name in build.limits:
        return build.limits[name]

    def works(size: int) -> bool:
        try:
            value.at({**build.sizes, name: size})
        except (RuntimeError, IndexError):
            return False
        return True

    low, high = build.sizes[name], 2 * build.sizes[name]
    try:
        while works(high):
            low, high = high, 2 * high
            if high > _LARGEST_SIZE:
                raise _TooLargeError
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if works(middle) else (low, middle)
    except _TooLargeError:
        raise FreeSizeError(
            must(f"size {name}", "bounded, as a table is", "no bound", "Fix it.")
        ) from None
    build.limits[name] = low
    return low


def size_of(size: Any, symbols: Mapping[str, Size]) -> Size:
    """A size as torch writes it, over our names.

    Raises:
        FreeSizeError: it is no sum of products and quotients of known sizes.
    """
    return size if isinstance(size, int) else _expression(size.node.expr, symbols)


def _expression(expression: Any, symbols: Mapping[str, Size]) -> Size:
    kind = type(expression).__name__
    if expression.is_Integer:
        return int(expression)
    if expression.is_Symbol and str(expression) in symbols:
        return symbols[str(expression)]
    parts = [_expression(part, symbols) for part in expression.args]
    total = parts[0] if parts else None
    if total is None or kind not in ("Add", "Mul", "FloorDiv"):
        raise FreeSizeError(must("a size", "a sum, product or quotient", str(expression)))
    for part in parts[1:]:
        if kind == "FloorDiv":
            if not isinstance(part, int):
                raise FreeSizeError(must("a divisor of a size", "a number", part))
            total = total // part
        else:
            total = total + part if kind == "Add" else total * part
    return total


def _symbols(size: Size) -> set[str]:
    return set() if isinstance(size, int) else size.symbols()


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]
