"""The shape each op makes: one rule an op, the same for numbers and for free sizes.

A rule takes the shapes that a node reads, and its attributes. It raises InputError where they do
not fit, in few words: `shapes` adds the node.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tenth.errors import InputError, must
from tenth.graph.dims import Size

Shape = tuple[Size, ...]
Rule = Callable[[Sequence[Shape], Mapping[str, Any]], Shape]
Window = tuple[Any, Any, Any, Any]  # kernel, stride, padding, dilation of one axis


def show(shape: Sequence[Size]) -> str:
    """A shape as people write it: `[n, 3, h // 2]`."""
    return f"[{', '.join(str(size) for size in shape)}]"


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


def _check(holds: bool, thing: str, rule: Any, got: Any) -> None:
    if not holds:
        raise InputError(must(thing, rule, got))


def _spatial(x: Shape, attributes: Mapping[str, Any], *names: str) -> int:
    """The number of axes after [N, C]; each named attribute has one int for each."""
    axes = len(x) - 2
    _check(axes in (1, 2), "the rank of x", "3 or 4 (batch, channels, 1 or 2 axes)", len(x))
    for name in names:
        got = attributes[name]
        _check(len(got) == axes, name, f"{axes} long, one int an axis", got)
    return axes


def _check_axis(axis: int, x: Shape) -> None:
    _check(axis < len(x), "axis", f"below {len(x)}", axis)


def linear(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[..., I] by [O, I] to [..., O]."""
    x, weight, *bias = shapes
    _check(len(weight) == 2, "the rank of the weight", 2, len(weight))
    _check(len(x) >= 1 and x[-1] == weight[1], "the last axis of x", weight[1], show(x[-1:]))
    for shape in bias:
        _check(shape == (weight[0],), "the shape of the bias", show(weight[:1]), show(shape))
    return (*x[:-1], weight[0])


def conv(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[N, C, *space] by [O, C / groups, *kernel] to [N, O, *space]."""
    x, weight, *bias = shapes
    axes = _spatial(x, attributes, "stride", "padding", "dilation")
    groups = attributes["groups"]
    _check(len(weight) == axes + 2, "the rank of the weight", axes + 2, len(weight))
    _check(x[1] == weight[1] * groups, "the channels of x", weight[1] * groups, x[1])
    outputs = weight[0]
    _check(
        isinstance(outputs, int) and outputs % groups == 0,
        "the outputs of the weight",
        f"a multiple of {groups} groups",
        outputs,
    )
    for shape in bias:
        _check(shape == (outputs,), "the shape of the bias", show((outputs,)), show(shape))
    windows = zip(
        weight[2:],
        attributes["stride"],
        attributes["padding"],
        attributes["dilation"],
        strict=True,
    )
    space = (window_count(size, window) for size, window in zip(x[2:], windows, strict=True))
    return (x[0], outputs, *space)


def channel_affine(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[N, C, ...] with scale and shift [C]; the shape stays."""
    x, *vectors = shapes
    _check(len(x) >= 2, "the rank of x", "2 or more", len(x))
    for name, vector in zip(("scale", "shift"), vectors, strict=True):
        _check(vector == (x[1],), f"the shape of {name}", show(x[1:2]), show(vector))
    return x


def embedding(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Ids [...] into a weight [V, D] to [..., D]."""
    ids, weight = shapes
    _check(len(weight) == 2, "the rank of the weight", 2, len(weight))
    return (*ids, weight[1])


def layer_norm(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The shape stays; weight and bias have the shape of the trailing axes."""
    x, *affine = shapes
    axes = attributes["axes"]
    _check(axes <= len(x), "axes", f"{len(x)} or less", axes)
    for shape in affine:
        _check(shape == x[-axes:], "the shape of weight and bias", show(x[-axes:]), show(shape))
    return x


def softmax(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The shape stays."""
    _check_axis(attributes["axis"], shapes[0])
    return shapes[0]


def same(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The shape stays: a function of each element."""
    return shapes[0]


def broadcast(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Shapes aligned at the end; an axis of size 1 stretches."""
    a, b = shapes
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    sizes = []
    for one, other in pairs:
        _check(
            1 in (one, other) or one == other,
            "two sizes side by side",
            "equal, or one of them 1",
            show((one, other)),
        )
        sizes.append(other if one == 1 else one)
    return tuple(sizes)


def concat(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Sizes along the axis add up; all others are equal."""
    axis = attributes["axis"]
    first = shapes[0]
    _check_axis(axis, first)
    for shape in shapes[1:]:
        alike = len(shape) == len(first) and all(
            one == other
            for i, (one, other) in enumerate(zip(first, shape, strict=True))
            if i != axis
        )
        _check(alike, f"a part, apart from axis {axis},", f"like {show(first)}", show(shape))
    total: Size = 0
    for shape in shapes:
        total = total + shape[axis]
    return (*first[:axis], total, *first[axis + 1 :])


def slice_(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """From start up to, not including, stop; a stop of 0 or less counts from the end."""
    (x,) = shapes
    axis, start, stop = attributes["axis"], attributes["start"], attributes["stop"]
    _check_axis(axis, x)
    size = x[axis]
    if stop > 0 and isinstance(size, int):
        _check(stop <= size, "stop", f"{size} or less", stop)
    length = (stop if stop > 0 else size + stop) - start
    return (*x[:axis], length, *x[axis + 1 :])


def pad(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Each axis grows by before + after; going round once at most where the mode is circular."""
    (x,) = shapes
    before, after = attributes["before"], attributes["after"]
    for name, amounts in (("before", before), ("after", after)):
        _check(len(amounts) == len(x), name, f"{len(x)} long, one int an axis", amounts)
    if attributes["mode"] == "circular":
        for size, *amounts in zip(x, before, after, strict=True):
            limit = size if isinstance(size, int) else math.inf
            _check(max(amounts) <= limit, "circular padding", f"{limit} or less", max(amounts))
    return tuple(size + b + a for size, b, a in zip(x, before, after, strict=True))


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
        _check(padding <= kernel // 2, "padding", rule, padding)
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


def reshape(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The same elements in another shape: 0 takes the input's axis, -1 the rest."""
    (x,) = shapes
    wanted = attributes["shape"]
    _check(wanted.count(-1) <= 1, "shape", "given with one -1 at most", wanted)
    kept = {i for i, size in enumerate(wanted) if size == 0}
    _check(max(kept, default=-1) < len(x), "a 0 in shape", "at an axis of x", wanted)
    elements: Size = 1
    for i, size in enumerate(x):
        elements = elements * (1 if i in kept else size)
    given = math.prod(size for size in wanted if size > 0)
    rest = elements // given
    exact = rest * given == elements if -1 in wanted else given == elements
    if isinstance(elements, int) or -1 not in wanted:
        _check(exact, "the product of shape", f"that of {show(x)}", wanted)
    return tuple(
        x[i] if size == 0 else rest if size == -1 else size for i, size in enumerate(wanted)
    )


def transpose(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Axis `order[i]` of x becomes axis i."""
    (x,) = shapes
    order = attributes["order"]
    axes = tuple(range(len(x)))
    _check(tuple(sorted(order)) == axes, "order", f"a permutation of {axes}", order)
    return tuple(x[i] for i in order)


def mean(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The axes vanish, or are kept with size 1."""
    (x,) = shapes
    axes = attributes["axes"]
    _check_axis(axes[-1], x)
    if attributes["keep"]:
        return tuple(1 if i in axes else size for i, size in enumerate(x))
    return tuple(size for i, size in enumerate(x) if i not in axes)


def matmul(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[..., M, K] by [..., K, N] to [..., M, N]; leading axes broadcast."""
    a, b = shapes
    _check(min(len(a), len(b)) >= 2, "the rank of both", "2 or more", f"{len(a)} and {len(b)}")
    _check(a[-1] == b[-2], "the last axis of a", f"{b[-2]}, as the last but one of b", a[-1])
    return (*broadcast([a[:-2], b[:-2]], {}), a[-2], b[-1])


RULES: Mapping[str, Rule] = {
    "linear": linear,
    "conv": conv,
    "channel_affine": channel_affine,
    "embedding": embedding,
    "layer_norm": layer_norm,
    "softmax": softmax,
    "relu": same,
    "sigmoid": same,
    "tanh": same,
    "silu": same,
    "hardswish": same,
    "hardsigmoid": same,
    "gelu": same,
    "clip": same,
    "add": broadcast,
    "sub": broadcast,
    "mul": broadcast,
    "concat": concat,
    "slice": slice_,
    "pad": pad,
    "max_pool": pool,
    "avg_pool": pool,
    "adaptive_avg_pool": adaptive_pool,
    "adaptive_max_pool": adaptive_pool,
    "reshape": reshape,
    "transpose": transpose,
    "mean": mean,
    "matmul": matmul,
}
