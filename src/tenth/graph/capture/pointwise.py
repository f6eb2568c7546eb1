"""Functions of each element, sums of two, and what changes nothing."""

import math
from collections.abc import Callable
from typing import Any

import torch

from tenth.graph.capture.build import Call, Ref


def activation(op: str) -> Callable[[Call], Ref]:
    """A function of x alone that has the same name here."""
    return lambda call: call.emit(op, call["self"])


def gelu(call: Call) -> Ref:
    """Exact, or approximated with tanh."""
    return call.emit("gelu", call["self"], approximate=call["approximate"])


def relu6(call: Call) -> Ref:
    """Between 0 and 6."""
    return call.emit("clip", call["self"], low=0.0, high=6.0)


def clamp(call: Call) -> Ref:
    """Between two numbers, either of which may be missing."""
    low, high = (
        next((call[name] for name in names if call.get(name) is not None), missing)
        for names, missing in ((("min", "min_val"), -math.inf), (("max", "max_val"), math.inf))
    )
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        raise call.refuse("given numbers as bounds", "tensors")
    return call.emit("clip", call["self"], low=float(low), high=float(high))


def add(call: Call) -> Ref:
    """A + alpha * b."""
    return call.emit("add", call["self"], _scaled(call, call["other"], call.get("alpha", 1)))


def sub(call: Call) -> Ref:
    """A - alpha * b."""
    return call.emit("sub", call["self"], _scaled(call, call["other"], call.get("alpha", 1)))


def sub_reversed(call: Call) -> Ref:
    """B - alpha * a."""
    return call.emit("sub", call["other"], _scaled(call, call["self"], call.get("alpha", 1)))


def mul(call: Call) -> Ref:
    """A * b."""
    return call.emit("mul", call["self"], call["other"])


def div(call: Call) -> Ref:
    """A / b for a known b: a product with 1 / b."""
    divisor = call["other"]
    if call.get("rounding_mode") is not None:
        raise call.refuse("a plain division", f"rounding_mode={call['rounding_mode']!r}")
    if isinstance(divisor, Ref):
        raise call.refuse("by a number or a weight", "a divisor computed from the input")
    return call.emit("mul", call["self"], 1 / divisor)


def neg(call: Call) -> Ref:
    """-a."""
    return call.emit("mul", call["self"], -1.0)


def mean(call: Call) -> Any:
    """Over some axes, or all."""
    x = call["self"]
    axes = tuple(range(len(call.shape(x))))
    if call.get("dim"):
        axes = tuple(sorted(call.axis(x, axis) for axis in call["dim"]))
    if not axes:
        return x
    return call.emit("mean", x, axes=axes, keep=call.get("keepdim", False))


def dropout(call: Call) -> Any:
    """Gone, as a model in eval mode does not drop."""
    if call["train"]:
        raise call.refuse(
            "inactive in eval mode",
            "training=True",
            "Use nn.Dropout, or F.dropout(x, p, self.training).",
        )
    return call["input"]


def unchanged(call: Call) -> Any:
    """Copies, detached or contiguous, are the same value."""
    return call["self"]


def cast(call: Call) -> Any:
    """Between float types nothing changes: a graph is float32. So with ids between whole ones."""
    x = call["self"]
    dtype = call.get("dtype")
    if isinstance(dtype, torch.dtype) and isinstance(x, Ref):
        whole = dtype in (torch.int32, torch.int64)
        if not (whole or dtype.is_floating_point) or whole != (x.name in call.build.ids):
            raise call.refuse("between float types", dtype)
    return x


def _scaled(call: Call, value: Any, alpha: float) -> Any:
    if alpha == 1:
        return value
    return call.emit("mul", value, alpha) if isinstance(value, Ref) else value * alpha
