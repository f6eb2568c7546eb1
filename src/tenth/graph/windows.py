"""What happens in windows and at other resolutions, in numpy."""

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tenth.graph.window_rules import Window, window_count


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
    return y if bias is None else y + per_channel(bias, y)


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


def resize(
    x: np.ndarray, *, up: Sequence[int], down: Sequence[int], mode: str, corners: bool
) -> np.ndarray:
    """Each axis of space in `size * up // down` steps, from the nearest pixel or between two."""
    for axis, ratio in enumerate(zip(up, down, strict=True), start=2):
        size = x.shape[axis]
        count = size * ratio[0] // ratio[1]
        places = np.arange(count)
        if mode == "nearest":
            x = np.take(x, np.minimum(places * ratio[1] // ratio[0], size - 1), axis)
            continue
        if corners:
            at = places * ((size - 1) / max(1, count - 1))
        else:
            at = np.maximum((places + 0.5) * (ratio[1] / ratio[0]) - 0.5, 0)
        left = np.minimum(at.astype(np.int64), size - 1)
        share = (at - left).astype(x.dtype).reshape(-1, *(1,) * (x.ndim - axis - 1))
        low, high = np.take(x, left, axis), np.take(x, np.minimum(left + 1, size - 1), axis)
        x = low + share * (high - low)
    return x


def depth_to_space(x: np.ndarray, *, block: Sequence[int]) -> np.ndarray:
    """Neighbouring channels become the places of a block of one channel.

    Source: Shi et al. 2016, arXiv:1609.05158.
    """
    batch, channels, *space = x.shape
    axes = len(block)
    y = x.reshape(batch, channels // math.prod(block), *block, *space)
    places = [axis for i in range(axes) for axis in (2 + axes + i, 2 + i)]
    sizes = (size * one for size, one in zip(space, block, strict=True))
    return y.transpose(0, 1, *places).reshape(batch, y.shape[1], *sizes)


def per_channel(vector: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The vector with an axis of size 1 for each axis of x behind its channels."""
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
