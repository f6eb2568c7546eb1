"""What each op computes, in numpy: plain, and fast enough to check a compiled program with."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tenth.errors import InputError, must
from tenth.graph.shape_rules import Window, window_count


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """`x weight^T + bias`."""
    y = x @ weight.T
    return y if bias is None else y + bias


def conv(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    groups: int,
    **steps: Sequence[int],
) -> np.ndarray:
    """Cross-correlation: each output is the sum over its window, as a matrix product a group."""
    kernel = weight.shape[2:]
    windows = zip(kernel, steps["stride"], steps["padding"], steps["dilation"], strict=True)
    frames = _windows(x, list(windows))
    batch, outputs = len(x), len(weight)
    space = frames.shape[2 : 2 + len(kernel)]
    # [N, C, *space, *kernel] --> [N, groups, C / groups * kernel, space]
    order = (0, 1, *range(2 + len(kernel), frames.ndim), *range(2, 2 + len(kernel)))
    columns = frames.transpose(order).reshape(batch, groups, -1, math.prod(space))
    y = np.matmul(weight.reshape(groups, outputs // groups, -1), columns)
    y = y.reshape(batch, outputs, *space)
    return y if bias is None else y + _per_channel(bias, y)


def channel_affine(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """`x * scale + shift` for each channel of axis 1."""
    return x * _per_channel(scale, x) + _per_channel(shift, x)


def embedding(ids: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The rows of the weight that the ids name."""
    if ids.min() < 0 or ids.max() >= len(weight):
        raise InputError(must("ids", f"from 0 to {len(weight) - 1}", f"{ids.min()} to {ids.max()}"))
    return weight[ids]


def layer_norm(
    x: np.ndarray,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    *,
    axes: int,
    epsilon: float,
) -> np.ndarray:
    """`(x - mean) / sqrt(variance + epsilon) * weight + bias` over the trailing axes.

    Source: Ba, Kiros, Hinton 2016, arXiv:1607.06450.
    """
    over = tuple(range(-axes, 0))
    centred = x - x.mean(over, keepdims=True)
    variance = np.square(centred).mean(over, keepdims=True)
    y = centred / np.sqrt(variance + x.dtype.type(epsilon))
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def softmax(x: np.ndarray, *, axis: int) -> np.ndarray:
    """`exp(x - max) / sum(exp(x - max))` along the axis."""
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def relu(x: np.ndarray) -> np.ndarray:
    """`max(x, 0)`."""
    return np.maximum(x, 0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """`1 / (1 + exp(-x))`."""
    return 1 / (1 + np.exp(-x))


def silu(x: np.ndarray) -> np.ndarray:
    """`x / (1 + exp(-x))`.

    Source: Elfwing, Uchibe, Doya 2017, arXiv:1702.03118.
    """
    return x / (1 + np.exp(-x))


def hardsigmoid(x: np.ndarray) -> np.ndarray:
    """`clip(x + 3, 0, 6) / 6`."""
    return np.clip(x + 3, 0, 6) / 6


def hardswish(x: np.ndarray) -> np.ndarray:
    """`x * clip(x + 3, 0, 6) / 6`.

    Source: Howard et al. 2019, arXiv:1905.02244.
    """
    return x * np.clip(x + 3, 0, 6) / 6


def gelu(x: np.ndarray, *, approximate: str) -> np.ndarray:
    """`x * Phi(x)`, Phi the normal distribution; or its approximation with tanh.

    Source: Hendrycks, Gimpel 2016, arXiv:1606.08415.
    """
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + np.tanh(inner))
    return 0.5 * x * (1 + _erf(x * math.sqrt(0.5)))


def _erf(x: np.ndarray) -> np.ndarray:
    # numpy has no erf; the one of Python's math is exact, at 0.1 µs an element
    return np.vectorize(math.erf, otypes=[x.dtype])(x)


def clip(x: np.ndarray, *, low: float, high: float) -> np.ndarray:
    """`min(max(x, low), high)`."""
    return np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))


def concat(*parts: np.ndarray, axis: int) -> np.ndarray:
    """The parts one after another along the axis."""
    return np.concatenate(parts, axis)


def slice_(x: np.ndarray, *, axis: int, start: int, stop: int) -> np.ndarray:
    """From start up to, not including, stop along the axis."""
    end = stop if stop > 0 else x.shape[axis] + stop
    return x[(slice(None),) * axis + (slice(start, end),)]


def pad(x: np.ndarray, *, before: Sequence[int], after: Sequence[int], mode: str) -> np.ndarray:
    """Zeros around, or the opposite side."""
    amounts = list(zip(before, after, strict=True))
    return np.pad(x, amounts, mode="wrap" if mode == "circular" else "constant")


def max_pool(
    x: np.ndarray,
    *,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil: bool,
) -> np.ndarray:
    """The largest element of each window; padding never wins."""
    windows = list(zip(kernel, stride, padding, dilation, strict=True))
    frames = _windows(x, windows, ceil=ceil, outside=-np.inf)
    return frames.max(tuple(range(-len(kernel), 0)))


def avg_pool(
    x: np.ndarray,
    *,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    ceil: bool,
    count_padding: bool,
) -> np.ndarray:
    """The mean of each window; what lies beyond the padding never counts."""
    windows = [(*window, 1) for window in zip(kernel, stride, padding, strict=True)]
    frames = _windows(x, windows, ceil=ceil)
    y = frames.sum(tuple(range(-len(kernel), 0)))
    for axis, (size, one, step, margin) in enumerate(
        zip(x.shape[2:], kernel, stride, padding, strict=True), start=2
    ):
        starts = np.arange(y.shape[axis]) * step - margin
        edge = margin if count_padding else 0
        counted = np.minimum(starts + one, size + edge) - np.maximum(starts, -edge)
        y = y / counted.astype(x.dtype).reshape(-1, *(1,) * (y.ndim - axis - 1))
    return y


def adaptive_avg_pool(x: np.ndarray, *, size: Sequence[int]) -> np.ndarray:
    """Output i of an axis is the mean from floor(i * I / O) to ceil((i + 1) * I / O)."""
    return _adaptive(x, size, np.mean)


def adaptive_max_pool(x: np.ndarray, *, size: Sequence[int]) -> np.ndarray:
    """Output i of an axis is the maximum from floor(i * I / O) to ceil((i + 1) * I / O)."""
    return _adaptive(x, size, np.max)


def reshape(x: np.ndarray, *, shape: Sequence[int]) -> np.ndarray:
    """The same elements, in the order of C, in another shape."""
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(shape)])


def transpose(x: np.ndarray, *, order: Sequence[int]) -> np.ndarray:
    """Axis `order[i]` of x becomes axis i."""
    return x.transpose(order)


def mean(x: np.ndarray, *, axes: tuple[int, ...], keep: bool) -> np.ndarray:
    """The mean over the axes."""
    return x.mean(axes, keepdims=keep)


def _per_channel(vector: np.ndarray, x: np.ndarray) -> np.ndarray:
    return vector.reshape(-1, *(1,) * (x.ndim - 2))


def _windows(
    x: np.ndarray,
    windows: Sequence[Window],
    *,
    ceil: bool = False,
    outside: float = 0.0,
) -> np.ndarray:
    """A view [N, C, *space, *kernel] of the windows (kernel, stride, padding, dilation)."""
    counts = [
        cast(int, window_count(size, window, ceil))
        for size, window in zip(x.shape[2:], windows, strict=True)
    ]
    margins = [(0, 0), (0, 0)]
    for size, count, (kernel, stride, padding, dilation) in zip(
        x.shape[2:], counts, windows, strict=True
    ):
        end = (count - 1) * stride + dilation * (kernel - 1) + 1
        margins.append((padding, max(0, end - size - padding)))
    padded = np.pad(x, margins, constant_values=outside) if any(map(any, margins)) else x
    lead, steps = padded.strides[:2], padded.strides[2:]
    return as_strided(
        padded,
        (*padded.shape[:2], *counts, *(kernel for kernel, *_ in windows)),
        (
            *lead,
            *(step * stride for step, (_, stride, _, _) in zip(steps, windows, strict=True)),
            *(step * dilation for step, (*_, dilation) in zip(steps, windows, strict=True)),
        ),
        writeable=False,
    )


def _adaptive(x: np.ndarray, size: Sequence[int], reduce: Callable[..., Any]) -> np.ndarray:
    for axis, outputs in enumerate(size, start=2):
        inputs = x.shape[axis]
        parts = [
            reduce(
                np.take(x, range(i * inputs // outputs, -(-(i + 1) * inputs // outputs)), axis),
                axis=axis,
            )
            for i in range(outputs)
        ]
        x = np.stack(parts, axis)
    return x


FUNCTIONS: Mapping[str, Callable[..., np.ndarray]] = {
    "linear": linear,
    "conv": conv,
    "channel_affine": channel_affine,
    "embedding": embedding,
    "layer_norm": layer_norm,
    "softmax": softmax,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "silu": silu,
    "hardswish": hardswish,
    "hardsigmoid": hardsigmoid,
    "gelu": gelu,
    "clip": clip,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "concat": concat,
    "slice": slice_,
    "pad": pad,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "adaptive_avg_pool": adaptive_avg_pool,
    "adaptive_max_pool": adaptive_max_pool,
    "reshape": reshape,
    "transpose": transpose,
    "mean": mean,
    "matmul": np.matmul,
}
