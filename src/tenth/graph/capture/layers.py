"""Layers with weights, pools and products, as torch calls them."""

import math
from typing import Any

import torch

from tenth.graph.capture.build import Call, Ref


def linear(call: Call) -> Ref:
    """X weight^T + bias."""
    return call.emit("linear", call["input"], call.weight("weight"), call.weight("bias"))


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


def softmax(call: Call) -> Ref:
    """Along one axis."""
    if call.get("dtype") not in (None, torch.float32):
        raise call.refuse("computed in float32", call["dtype"])
    return call.emit("softmax", call["self"], axis=call.axis(call["self"], call["dim"]))


def matmul(call: Call) -> Ref:
    """A product; by a known matrix it is a linear layer."""
    a, b = call["self"], call.get("other", call.get("mat2"))
    ranks = len(call.shape(a)), len(call.shape(b))
    if min(ranks) < 2:
        raise call.refuse("given matrices, 2 axes or more", f"{ranks[0]} and {ranks[1]} axes")
    if isinstance(b, torch.Tensor) and b.ndim == 2:
        return call.emit("linear", a, b.T)
    return call.emit("matmul", a, b)


def addmm(call: Call) -> Ref:
    """A vector plus a product."""
    if (call["beta"], call["alpha"]) != (1, 1):
        raise call.refuse("given beta = alpha = 1", (call["beta"], call["alpha"]))
    return call.emit("add", call.emit("matmul", call["mat1"], call["mat2"]), call["self"])


def attention(call: Call) -> Ref:
    """softmax(q k^T * scale + mask) v.

    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """
    query, key, value = call["query"], call["key"], call["value"]
    if call.get("enable_gqa", False):
        raise call.refuse("given as many key heads as query heads", "enable_gqa=True")
    if call["dropout_p"] > 0:
        raise call.refuse("without dropout in eval mode", f"dropout_p = {call['dropout_p']}")
    rank = len(call.shape(key))
    width = call.fixed(call.shape(query)[-1])
    scale = call.get("scale") or 1 / math.sqrt(width)
    order = (*range(rank - 2), rank - 1, rank - 2)
    scores = call.emit("matmul", query, call.emit("transpose", key, order=order))
    scores = call.emit("mul", scores, scale)
    mask = _mask(call, scores)
    if mask is not None:
        scores = call.emit("add", scores, mask)
    weights = call.emit("softmax", scores, axis=len(call.shape(scores)) - 1)
    return call.emit("matmul", weights, value)


def _mask(call: Call, scores: Ref) -> Any:
    """What is added to the scores, or None. A finite number far below all others masks as -inf."""
    mask = call["attn_mask"]
    if call["is_causal"]:
        rows, columns = (call.fixed(size) for size in call.shape(scores)[-2:])
        mask = torch.ones(rows, columns, dtype=torch.bool).tril()
    if not isinstance(mask, torch.Tensor):
        return mask
    if mask.dtype == torch.bool:
        return torch.zeros(mask.shape).masked_fill(~mask, -1e30)
    return mask.float().clamp(min=-1e30)


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
