"""Layers with weights, pools and products, as torch calls them."""

from collections.abc import Sequence
from typing import Any

import torch

from tenth.graph.capture.build import Ref
from tenth.graph.capture.call import Call
from tenth.graph.dims import Size


def linear(call: Call) -> Ref:
    """X weight^T + bias."""
    return _product(call, call["input"], call.weight("weight"), call.weight("bias"))


def conv(call: Call) -> Ref:
    """Convolution over 1 or 2 axes; `padding` is numbers, 'valid' or 'same'."""
    x, weight = call["input"], call.weight("weight")
    if weight is None:
        raise call.refuse("given a weight", None)
    axes = weight.ndim - 2
    call.batched(x, axes)
    dilation = call.ints("dilation", axes)
    if isinstance(call["padding"], str):
        x, padding = _named_padding(
            call, x, [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        )
    else:
        padding = call.ints("padding", axes)
    return call.emit(
        "conv",
        x,
        weight,
        call.weight("bias"),
        stride=call.ints("stride", axes),
        padding=padding,
        dilation=dilation,
        groups=call.fixed(call["groups"]),
    )


def _named_padding(call: Call, x: Any, totals: list[int]) -> tuple[Any, tuple[int, ...]]:
    """The input and the padding of an axis; an uneven padding becomes a node of its own."""
    if call["padding"] == "valid":
        return x, (0,) * len(totals)
    if all(total % 2 == 0 for total in totals):
        return x, tuple(total // 2 for total in totals)
    before = (0, 0, *(total // 2 for total in totals))
    after = (0, 0, *(total - total // 2 for total in totals))
    return call.emit("pad", x, before=before, after=after, mode="zeros"), (0,) * len(totals)


def batch_norm(call: Call) -> Ref:
    """With running statistics: y = x * scale + shift, folded into the layer before it later.

    Source: Ioffe, Szegedy 2015, arXiv:1502.03167.
    """
    mean, variance = call.weight("running_mean"), call.weight("running_var")
    if call.get("training", False) or mean is None or variance is None:
        raise call.refuse(
            "given running statistics", "none", "Build it with track_running_stats=True."
        )
    weight, bias = call.weight("weight"), call.weight("bias")
    scale = torch.rsqrt(variance.double() + call["eps"])
    scale = scale if weight is None else scale * weight.double()
    shift = -mean.double() * scale
    shift = shift if bias is None else shift + bias.double()
    return call.emit("channel_affine", call["input"], scale, shift)


def batch_norm_of_three(call: Call) -> tuple[Ref, None, None]:
    """The same; torch also gives statistics that nobody reads."""
    return batch_norm(call), None, None


def embedding(call: Call) -> Ref:
    """Rows of the weight."""
    return call.emit("embedding", call["indices"], call.weight("weight"))


def layer_norm(call: Call) -> Ref:
    """Over the trailing axes."""
    weight, bias = call.weight("weight"), call.weight("bias")
    axes = len(call["normalized_shape"])
    if weight is None and bias is not None:
        weight = torch.ones_like(bias)
    return call.emit("layer_norm", call["input"], weight, bias, axes=axes, epsilon=call["eps"])


def group_norm(call: Call) -> Ref:
    """Over each group of channels of each picture."""
    groups = call.fixed(call["num_groups"])
    return _group_norm(call, groups)


def instance_norm(call: Call) -> Ref:
    """Over each channel of each picture; with running statistics, as a batch norm."""
    if not call["use_input_stats"]:
        return batch_norm(call)
    return _group_norm(call, call.fixed(call.shape(call["input"])[1]))


def _group_norm(call: Call, groups: int) -> Ref:
    weight, bias = call.weight("weight"), call.weight("bias")
    if weight is None and bias is not None:
        weight = torch.ones_like(bias)
    return call.emit("group_norm", call["input"], weight, bias, groups=groups, epsilon=call["eps"])


def rms_norm(call: Call) -> Ref:
    """X / sqrt(mean(x * x) + epsilon) * weight over the trailing axes.

    Source: Zhang, Sennrich 2019, arXiv:1910.07467.
    """
    x = call["input"]
    rank = len(call.shape(x))
    axes = tuple(range(rank - len(call["normalized_shape"]), rank))
    squares = call.emit("mean", call.emit("mul", x, x), axes=axes, keep=True)
    epsilon = torch.finfo(torch.float32).eps if call["eps"] is None else call["eps"]
    y = call.emit("div", x, call.emit("sqrt", call.emit("add", squares, float(epsilon))))
    weight = call.weight("weight")
    return y if weight is None else call.emit("mul", y, weight)


def softmax(call: Call) -> Ref:
    """Along one axis, perhaps with a log."""
    if call.get("dtype") not in (None, torch.float32):
        raise call.refuse("computed in float32", call["dtype"])
    op = call.op.removeprefix("_")
    return call.emit(op, call["self"], axis=call.axis(call["self"], call["dim"]))


def matmul(call: Call) -> Ref:
    """A product; by a known matrix it is a linear layer."""
    a, b = call["self"], call.get("other", call.get("mat2"))
    ranks = len(call.shape(a)), len(call.shape(b))
    if min(ranks) < 2:
        raise call.refuse("given matrices, 2 axes or more", f"{ranks[0]} and {ranks[1]} axes")
    if isinstance(b, torch.Tensor) and b.ndim == 2:
        return _product(call, a, b.T)
    return call.emit("matmul", a, b)


def addmm(call: Call) -> Ref:
    """A vector plus a product."""
    if (call["beta"], call["alpha"]) != (1, 1):
        raise call.refuse("given beta = alpha = 1", (call["beta"], call["alpha"]))
    bias, weight = call["self"], call["mat2"]
    if isinstance(weight, torch.Tensor) and isinstance(bias, torch.Tensor) and bias.ndim == 1:
        return _product(call, call["mat1"], weight.T, bias)
    return call.emit("add", call.emit("matmul", call["mat1"], weight), bias)


def _product(call: Call, x: Any, weight: Any, bias: Any = None) -> Any:
    """A linear layer; where rows were only merged for it, they stay apart.

    view(linear(view(x, [n * l, i])), [n, l, o]) --> linear(x)
    """
    shape, whole = call.shape(x), call.shape(call.unshaped(x))
    lead = next((k for k in range(len(whole)) if _all(whole[k:]) == shape[-1]), 0)
    if lead + 1 <= len(shape):
        return call.emit("linear", x, weight, bias)
    apart = call.reshaped(call.unshaped(x), [*whole[:lead], shape[-1]])
    y = call.emit("linear", apart, weight, bias)
    return call.reshaped(y, [*shape[:-1], call.shape(y)[-1]])


def _all(sizes: Sequence[Size]) -> Size:
    """The product of sizes."""
    total: Size = 1
    for size in sizes:
        total = total * size
    return total


def max_pool(call: Call) -> Ref:
    """The largest of each window."""
    kernel, stride, padding = _window(call)
    return call.emit(
        "max_pool",
        call["self"],
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=call.ints("dilation", len(kernel)),
        ceil=call["ceil_mode"],
    )


def max_pool_with_places(call: Call) -> tuple[Ref, None]:
    """The same; where the largest stood is not expressed."""
    return max_pool(call), None


def avg_pool(call: Call) -> Ref:
    """The mean of each window."""
    if call.get("divisor_override") is not None:
        raise call.refuse("without divisor_override", call["divisor_override"])
    kernel, stride, padding = _window(call)
    return call.emit(
        "avg_pool",
        call["self"],
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil=call["ceil_mode"],
        count_padding=call["count_include_pad"],
    )


def _window(call: Call) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    axes = 2 if "2d" in call.op else 1
    call.batched(call["self"], axes)
    kernel = call.ints("kernel_size", axes)
    # torch leaves the stride empty where it is the kernel
    stride = call.ints("stride", axes) or kernel
    return kernel, stride, call.ints("padding", axes)


def adaptive_avg_pool(call: Call) -> Ref:
    """The mean of each of so many windows."""
    return _adaptive(call, "adaptive_avg_pool")


def adaptive_max_pool(call: Call) -> tuple[Ref, None]:
    """The largest of each of so many windows; where it stood is not expressed."""
    return _adaptive(call, "adaptive_max_pool"), None


def _adaptive(call: Call, op: str) -> Ref:
    axes = 2 if "2d" in call.op else 1
    call.batched(call["self"], axes)
    return call.emit(op, call["self"], size=call.ints("output_size", axes))
