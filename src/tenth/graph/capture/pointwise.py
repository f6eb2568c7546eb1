"""Functions of each element, sums of two, and what changes nothing."""

import math
from collections.abc import Callable
from typing import Any

import torch

from tenth.graph.capture.build import Ref
from tenth.graph.capture.call import Call
from tenth.graph.capture.masks import is_true


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
    return _pair(call, "add", call["self"], _scaled(call, call["other"], call.get("alpha", 1)))


def sub(call: Call) -> Ref:
    """A - alpha * b."""
    return _pair(call, "sub", call["self"], _scaled(call, call["other"], call.get("alpha", 1)))


def sub_reversed(call: Call) -> Ref:
    """B - alpha * a."""
    return _pair(call, "sub", call["other"], _scaled(call, call["self"], call.get("alpha", 1)))


def mul(call: Call) -> Ref:
    """A * b."""
    return _pair(call, "mul", call["self"], call["other"])


def div(call: Call) -> Ref:
    """A / b; for a known b, a product with 1 / b."""
    divisor = call["other"]
    if call.get("rounding_mode") is not None:
        raise call.refuse("a plain division", f"rounding_mode={call['rounding_mode']!r}")
    if isinstance(divisor, int | float | torch.Tensor):
        return _pair(call, "mul", call["self"], 1 / divisor)
    return _pair(call, "div", call["self"], divisor)


def neg(call: Call) -> Ref:
    """-a."""
    return call.emit("mul", call["self"], -1.0)


def power(call: Call) -> Any:
    """Whole powers up to 4, and the square root, as products, roots and quotients."""
    x, exponent = call["self"], call["exponent"]
    if not isinstance(exponent, int | float) or abs(exponent) not in (0.5, 1, 1.5, 2, 3, 4):
        raise call.refuse("to a power of 1/2, 1, 2, 3 or 4", exponent)
    whole = int(abs(exponent))
    parts = [x] * whole + ([call.emit("sqrt", x)] if whole != abs(exponent) else [])
    result = parts[0]
    for part in parts[1:]:
        result = call.emit("mul", result, part)
    return result if exponent > 0 else call.emit("div", 1.0, result)


def square(call: Call) -> Ref:
    """A * a."""
    return call.emit("mul", call["self"], call["self"])


def rsqrt(call: Call) -> Ref:
    """1 / sqrt(a)."""
    return call.emit("div", 1.0, call.emit("sqrt", call["self"]))


def reciprocal(call: Call) -> Ref:
    """1 / a."""
    return call.emit("div", 1.0, call["self"])


def leaky_relu(call: Call) -> Ref:
    """A slope below 0."""
    return call.emit("prelu", call["self"], torch.tensor(float(call["negative_slope"])))


def prelu(call: Call) -> Ref:
    """A slope below 0, for all channels or each."""
    slope = call.weight("weight")
    if slope is None:
        raise call.refuse("given a slope", None)
    rank = len(call.shape(call["self"]))
    shape = (-1, *(1,) * max(0, rank - 2)) if slope.numel() > 1 else ()
    return call.emit("prelu", call["self"], slope.detach().reshape(shape))


def elu(call: Call) -> Ref:
    """Max(x, 0) + alpha * (exp(min(x, 0)) - 1)."""
    x = call["self"]
    if (call["scale"], call["input_scale"]) != (1, 1):
        raise call.refuse("without scales of its own", (call["scale"], call["input_scale"]))
    power_ = call.emit("exp", call.emit("clip", x, low=-math.inf, high=0.0))
    below = call.emit("mul", call.emit("sub", power_, 1.0), float(call["alpha"]))
    return call.emit("add", call.emit("relu", x), below)


def softplus(call: Call) -> Ref:
    """Log(1 + exp(beta * x)) / beta."""
    beta = float(call["beta"])
    if beta == 1:
        return call.emit("softplus", call["self"])
    return call.emit("mul", call.emit("softplus", call.emit("mul", call["self"], beta)), 1 / beta)


def mish(call: Call) -> Ref:
    """X * tanh(softplus(x))."""
    x = call["self"]
    return call.emit("mul", x, call.emit("tanh", call.emit("softplus", x)))


def reduction(op: str) -> Callable[[Call], Any]:
    """The mean, sum or maximum over some axes, or all."""

    def capture(call: Call) -> Any:
        x = call["self"]
        rank = len(call.shape(x))
        given = call.get("dim")
        named = [given] if isinstance(given, int) else given
        axes = tuple(sorted(call.axis(x, axis) for axis in named or range(rank)))
        if not axes:
            return x
        keep = bool(call.get("keepdim", False))
        return call.emit(op, call.floats(x), axes=axes, keep=keep)

    return capture


def largest(call: Call) -> Any:
    """The maximum of all, or along an axis; where it stands is not expressed."""
    result = reduction("max")(call)
    return (result, None) if "dim" in call.arguments else result


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
    """Between float types nothing changes: a graph is float32. Truths and ids become floats."""
    x = call["self"]
    dtype = call.dtype
    if not isinstance(x, Ref) or dtype is None:
        return x
    whole, truth = x.name in call.build.ids, x.name in call.build.flags
    if dtype == torch.bool:
        return is_true(call, x)
    if dtype.is_floating_point:
        return call.floats(x)
    if dtype not in (torch.int32, torch.int64) or not (whole or truth):
        raise call.refuse("between float types", dtype)
    return x


def _pair(call: Call, op: str, a: Any, b: Any) -> Ref:
    """Ids are added to floating point numbers as such; whole numbers alone are not expressed."""
    if call.dtype is not None and call.dtype.is_floating_point:
        a, b = call.floats(a), call.floats(b)
    return call.emit(op, a, b)


def _scaled(call: Call, value: Any, alpha: float) -> Any:
    if alpha == 1:
        return value
    return call.emit("mul", value, alpha) if isinstance(value, Ref) else value * alpha
