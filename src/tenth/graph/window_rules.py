"""The shapes that windows and changes of resolution make of pictures and sequences."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tenth.graph.dims import Size
from tenth.graph.shape_checks import Shape, check, show

Window = tuple[Any, Any, Any, Any]  # kernel, stride, padding, dilation of one axis


def window_count(size: Size, window: Window, ceil: bool = False) -> Size:
    """How many windows of (kernel, stride, padding, dilation) fit along an axis.

    With `ceil` a last window may hang over the end, if it starts before the right padding.
    """
    kernel, stride, padding, dilation = window
    slack = 2 * padding - dilation * (kernel - 1) - 1
    if ceil:
        # both bounds grow alike with the size, so the smaller one is known beforehand
        return (size + min(slack + stride, padding) + stride - 1) // stride
    return (size + slack) // stride + 1


def _spatial(x: Shape, attributes: Mapping[str, Any], *names: str) -> int:
    """The number of axes after [N, C]; each named attribute has one int for each."""
    axes = len(x) - 2
    check(axes in (1, 2), "the rank of x", "3 or 4 (batch, channels, 1 or 2 axes)", len(x))
    for name in names:
        got = attributes[name]
        check(len(got) == axes, name, f"{axes} long, one int an axis", got)
    return axes


def conv(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[N, C, *space] by [O, C / groups, *kernel] to [N, O, *space]."""
    x, weight, *bias = shapes
    axes = _spatial(x, attributes, "stride", "padding", "dilation")
    groups = attributes["groups"]
    check(len(weight) == axes + 2, "the rank of the weight", axes + 2, len(weight))
    check(x[1] == weight[1] * groups, "the channels of x", weight[1] * groups, x[1])
    outputs = weight[0]
    check(
        isinstance(outputs, int) and outputs % groups == 0,
        "the outputs of the weight",
        f"a multiple of {groups} groups",
        outputs,
    )
    for shape in bias:
        check(shape == (outputs,), "the shape of the bias", show((outputs,)), show(shape))
    windows = zip(
        weight[2:],
        attributes["stride"],
        attributes["padding"],
        attributes["dilation"],
        strict=True,
    )
    space = (window_count(size, window) for size, window in zip(x[2:], windows, strict=True))
    return (x[0], outputs, *space)


def pool(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[N, C, *space] to [N, C, *windows]."""
    (x,) = shapes
    axes = _spatial(x, attributes, "kernel", "stride", "padding")
    dilation = attributes.get("dilation", (1,) * axes)
    _spatial(x, {"dilation": dilation}, "dilation")
    windows = list(
        zip(
            attributes["kernel"],
            attributes["stride"],
            attributes["padding"],
            dilation,
            strict=True,
        )
    )
    for kernel, _, padding, _ in windows:
        rule = f"at most half the kernel, {kernel // 2}"
        check(padding <= kernel // 2, "padding", rule, padding)
    space = (
        window_count(size, window, attributes["ceil"])
        for size, window in zip(x[2:], windows, strict=True)
    )
    return (*x[:2], *space)


def adaptive_pool(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[N, C, *space] to [N, C, *size]."""
    (x,) = shapes
    _spatial(x, attributes, "size")
    return (*x[:2], *attributes["size"])


def resize(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[N, C, *space] to [N, C, *space * up // down]."""
    (x,) = shapes
    _spatial(x, attributes, "up", "down")
    ratios = zip(x[2:], attributes["up"], attributes["down"], strict=True)
    return (*x[:2], *(size * up // down for size, up, down in ratios))


def depth_to_space(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[N, C * block, *space] to [N, C, *space * block]."""
    (x,) = shapes
    block = attributes["block"]
    _spatial(x, attributes, "block")
    depth = math.prod(block)
    whole = isinstance(x[1], int) and x[1] % depth == 0
    check(whole, "the channels of x", f"a multiple of {depth}", x[1])
    return (x[0], x[1] // depth, *(s * b for s, b in zip(x[2:], block, strict=True)))
