"""What each op computes, in numpy: plain, and fast enough to check a compiled program with."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tenth.errors import InputError, must
from tenth.graph import sequences, windows
from tenth.graph.windows import per_channel


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """`x weight^T + bias`."""
    y = x @ weight.T
    return y if bias is None else y + bias


def channel_affine(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """`x * scale + shift` for each channel of axis 1."""
    return x * per_channel(scale, x) + per_channel(shift, x)


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


def group_norm(
    x: np.ndarray,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    *,
    groups: int,
    epsilon: float,
) -> np.ndarray:
    """Each group of channels of each picture to mean 0 and variance 1; then scale and shift.

    Source: Wu, He 2018, arXiv:1803.08494.
    """
    rows = x.reshape(len(x), groups, -1)
    y = layer_norm(rows, axes=1, epsilon=epsilon).reshape(x.shape)
    y = y if weight is None else y * per_channel(weight, x)
    return y if bias is None else y + per_channel(bias, x)


def softmax(x: np.ndarray, *, axis: int) -> np.ndarray:
    """`exp(x - max) / sum(exp(x - max))` along the axis."""
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def log_softmax(x: np.ndarray, *, axis: int) -> np.ndarray:
    """`x - max - log(sum(exp(x - max)))` along the axis."""
    y = x - x.max(axis, keepdims=True)
    return y - np.log(np.exp(y).sum(axis, keepdims=True))


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


def softplus(x: np.ndarray) -> np.ndarray:
    """`log(1 + exp(x))`."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def prelu(x: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """`x` where it is above 0, `x * slope` elsewhere.

    Source: He et al. 2015, arXiv:1502.01852.
    """
    return np.where(x > 0, x, x * slope)


def equal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 where `a = b`, else 0."""
    return np.equal(a, b).astype(a.dtype)


def less(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 where `a < b`, else 0."""
    return np.less(a, b).astype(a.dtype)


def cast(ids: np.ndarray) -> np.ndarray:
    """Whole numbers as floating point numbers."""
    return ids.astype(np.float64)


def clip(x: np.ndarray, *, low: float, high: float) -> np.ndarray:
    """`min(max(x, low), high)`."""
    return np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))


def concat(*parts: np.ndarray, axis: int) -> np.ndarray:
    """The parts one after another along the axis."""
    return np.concatenate(parts, axis)


def slice_(x: np.ndarray, *, axis: int, start: int, stop: int, step: int) -> np.ndarray:
    """Each step-th from start up to, not including, stop along the axis."""
    end = stop if stop > 0 else x.shape[axis] + stop
    return x[(slice(None),) * axis + (slice(start, end, step),)]


def fit(
    x: np.ndarray, like: np.ndarray, *, axes: Sequence[int], places: Sequence[int]
) -> np.ndarray:
    """Each of the axes cut or stretched to the size of another value."""
    sizes = list(x.shape)
    for axis, place in zip(axes, places, strict=True):
        sizes[axis] = like.shape[place]
    cut = x[tuple(slice(size) for size in sizes)]
    return np.broadcast_to(cut, sizes)


def pad(x: np.ndarray, *, before: Sequence[int], after: Sequence[int], mode: str) -> np.ndarray:
    """Zeros around, or the opposite side."""
    amounts = list(zip(before, after, strict=True))
    return np.pad(x, amounts, mode="wrap" if mode == "circular" else "constant")


def reshape(x: np.ndarray, *, shape: Sequence[int]) -> np.ndarray:
    """The same elements, in the order of C, in another shape."""
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(shape)])


def transpose(x: np.ndarray, *, order: Sequence[int]) -> np.ndarray:
    """Axis `order[i]` of x becomes axis i."""
    return x.transpose(order)


def mean(x: np.ndarray, *, axes: tuple[int, ...], keep: bool) -> np.ndarray:
    """The mean over the axes."""
    return x.mean(axes, keepdims=keep)


def sum_(x: np.ndarray, *, axes: tuple[int, ...], keep: bool) -> np.ndarray:
    """The sum over the axes."""
    return x.sum(axes, keepdims=keep)


def max_(x: np.ndarray, *, axes: tuple[int, ...], keep: bool) -> np.ndarray:
    """The largest element over the axes."""
    return x.max(axes, keepdims=keep)


FUNCTIONS: Mapping[str, Callable[..., np.ndarray]] = {
    "linear": linear,
    "conv": windows.conv,
    "channel_affine": channel_affine,
    "embedding": embedding,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "silu": silu,
    "hardswish": hardswish,
    "hardsigmoid": hardsigmoid,
    "gelu": gelu,
    "softplus": softplus,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "clip": clip,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "equal": equal,
    "less": less,
    "prelu": prelu,
    "cast": cast,
    "concat": concat,
    "slice": slice_,
    "fit": fit,
    "pad": pad,
    "max_pool": windows.max_pool,
    "avg_pool": windows.avg_pool,
    "adaptive_avg_pool": windows.adaptive_avg_pool,
    "adaptive_max_pool": windows.adaptive_max_pool,
    "resize": windows.resize,
    "depth_to_space": windows.depth_to_space,
    "reshape": reshape,
    "transpose": transpose,
    "mean": mean,
    "sum": sum_,
    "max": max_,
    "matmul": np.matmul,
    "attention": sequences.attention,
    "lstm": sequences.lstm,
    "gru": sequences.gru,
}
