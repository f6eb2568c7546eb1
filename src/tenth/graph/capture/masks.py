"""Comparisons and masks: a truth is 1 or 0, and what a mask hides gets a number far below all."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from tenth.graph.capture.build import Ref
from tenth.graph.capture.call import Call
from tenth.graph.capture.sized import Both, Sized, is_always

FAR_BELOW = -1e30


def comparison(op: str, *, swapped: bool = False, negated: bool = False) -> Callable[[Call], Ref]:
    """A comparison as `equal` or `less`, perhaps of b with a, perhaps not so."""

    def capture(call: Call) -> Ref:
        a, b = call.floats(call["self"]), call.floats(call["other"])
        result = call.emit(op, b, a) if swapped else call.emit(op, a, b)
        return call.emit("sub", 1.0, result) if negated else result

    return capture


def is_true(call: Call, value: Ref) -> Ref:
    """1 where a value is not 0."""
    if value.name in call.build.flags:
        return value
    return call.emit("sub", 1.0, call.emit("equal", call.floats(value), 0.0))


def logical_not(call: Call) -> Any:
    """1 - a."""
    return call.emit("sub", 1.0, is_true(call, call["self"]))


def logical_and(call: Call) -> Any:
    """The product of both; with a mask that depends on sizes alone, the two side by side."""
    a, b = call["self"], call["other"]
    a, b = (b, a) if isinstance(a, Sized) else (a, b)
    if isinstance(a, Both) or not isinstance(b, Sized | torch.Tensor):
        return call.emit("mul", *(is_true(call, v) if isinstance(v, Ref) else v for v in (a, b)))
    a = is_true(call, a)
    if isinstance(b, torch.Tensor):
        return call.emit("mul", a, b.bool().float())
    shape = call.result_shape(a, b)
    if is_always(b, call.build, True):
        return call.stretched(a, shape)
    return Both(b, a, shape)


def logical_or(call: Call) -> Any:
    """A + b - a b."""
    a, b = (is_true(call, v) if isinstance(v, Ref) else v for v in (call["self"], call["other"]))
    return call.emit("sub", call.emit("add", a, b), call.emit("mul", a, b))


def where(call: Call) -> Any:
    """C a + (1 - c) b."""
    return _chosen(call, call["condition"], call["self"], call["other"])


def masked_fill(call: Call) -> Any:
    """A number where the mask is true."""
    return _chosen(call, call["mask"], call["value"], call["self"])


def index(call: Call) -> Any:
    """Places by numbers that count an axis from 0: the axes of x among new ones.

    x [n, l] at ([[[[0]], …]], [[[[0, 1, …]]]]) --> [n, 1, 1, l]
    """
    x, places = call["self"], call["indices"]
    rank = len(call.shape(x))
    shape = _counted(call, x, places) if isinstance(x, Ref) and len(places) == rank else None
    if shape is None:
        raise call.refuse("at each place in order", "other places")
    return call.reshaped(call.floats(x), shape)


def _counted(call: Call, x: Ref, places: list[Any]) -> list[Any] | None:
    """The shape of x at places that count its axes, each along an axis of its own."""
    sizes = call.shape(x)
    rank = max(len(call.shape(place)) for place in places)
    shape: list[Any] = [1] * rank
    last = -1
    for size, place in zip(sizes, places, strict=True):
        own = call.shape(place)
        axes = [rank - len(own) + axis for axis, one in enumerate(own) if one != 1]
        if isinstance(place, Ref) or len(axes) != 1 or own[axes[0] - rank + len(own)] != size:
            return None
        difference = Sized(_from_count, {"places": place}, (size,))
        if axes[0] <= last or not is_always(difference, call.build, 0):
            return None
        last = axes[0]
        shape[last] = size
    return shape


def _from_count(places: torch.Tensor) -> torch.Tensor:
    """How far places are from 0, 1, 2 and so on."""
    return places.flatten() - torch.arange(places.numel())


def _chosen(call: Call, condition: Any, yes: Any, no: Any) -> Any:
    """One of two where the condition is true, the other elsewhere; -inf becomes a number."""
    yes, no = (call.floats(_finite(call, v)) for v in (yes, no))
    if isinstance(condition, Both):
        condition = call.emit("mul", condition.ref, condition.sized)
    condition = is_true(call, condition) if isinstance(condition, Ref) else condition
    condition = condition.float() if isinstance(condition, torch.Tensor) else condition
    kept = call.emit("sub", 1.0, condition)
    parts = [
        call.emit("mul", share, value)
        for share, value in ((condition, yes), (kept, no))
        if not is_always(value, call.build, 0)
    ]
    if not parts:
        return call.emit("mul", condition, 0.0)
    return parts[0] if len(parts) == 1 else call.emit("add", *parts)


def _finite(call: Call, value: Any) -> Any:
    if isinstance(value, int | float):
        value = torch.tensor(float(value))
    if isinstance(value, Sized) and value.names:
        return value
    if isinstance(value, torch.Tensor):
        return value.float().clamp(min=FAR_BELOW)
    return value


def expanded(value: Both, shape: tuple[Any, ...]) -> Both:
    """The same masks for a larger shape."""
    return replace(value, shape=shape)
