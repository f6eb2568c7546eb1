"""The shape each op makes: one rule an op, the same for numbers and for free sizes.

A rule takes the shapes that a node reads, and its attributes. It raises InputError where they do
not fit, in few words: `shapes` adds the node.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tenth.graph import sequence_rules, window_rules
from tenth.graph.dims import Size
from tenth.graph.shape_checks import Rule, Shape, check, check_axis, may_equal, show


def linear(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[..., I] by [O, I] to [..., O]."""
    x, weight, *bias = shapes
    check(len(weight) == 2, "the rank of the weight", 2, len(weight))
    check(len(x) >= 1 and x[-1] == weight[1], "the last axis of x", weight[1], show(x[-1:]))
    for shape in bias:
        check(shape == (weight[0],), "the shape of the bias", show(weight[:1]), show(shape))
    return (*x[:-1], weight[0])


def channel_affine(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[N, C, ...] with scale and shift [C]; the shape stays."""
    x, *vectors = shapes
    check(len(x) >= 2, "the rank of x", "2 or more", len(x))
    for name, vector in zip(("scale", "shift"), vectors, strict=True):
        check(vector == (x[1],), f"the shape of {name}", show(x[1:2]), show(vector))
    return x


def embedding(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Ids [...] into a weight [V, D] to [..., D]."""
    ids, weight = shapes
    check(len(weight) == 2, "the rank of the weight", 2, len(weight))
    return (*ids, weight[1])


def layer_norm(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The shape stays; weight and bias have the shape of the trailing axes."""
    x, *affine = shapes
    axes = attributes["axes"]
    check(axes <= len(x), "axes", f"{len(x)} or less", axes)
    for shape in affine:
        check(shape == x[-axes:], "the shape of weight and bias", show(x[-axes:]), show(shape))
    return x


def group_norm(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[N, C, ...] with weight and bias [C]; the shape stays."""
    x, *affine = shapes
    groups = attributes["groups"]
    check(len(x) >= 2, "the rank of x", "2 or more", len(x))
    whole = isinstance(x[1], int) and x[1] % groups == 0
    check(whole, "the channels of x", f"a multiple of {groups} groups", x[1])
    for shape in affine:
        check(shape == (x[1],), "the shape of weight and bias", show(x[1:2]), show(shape))
    return x


def along(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The shape stays."""
    check_axis(attributes["axis"], shapes[0])
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
        check(
            1 in (one, other) or may_equal(one, other),
            "two sizes side by side",
            "equal, or one of them 1",
            show((one, other)),
        )
        sizes.append(other if one == 1 else one)
    return tuple(sizes)


def prelu(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The shape of x stays; the slope stretches to it."""
    x = shapes[0]
    check(
        broadcast(shapes, attributes) == x,
        "the slope",
        f"one that stretches to {show(x)}",
        show(shapes[1]),
    )
    return x


def concat(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Sizes along the axis add up; all others are equal."""
    axis = attributes["axis"]
    first = shapes[0]
    check_axis(axis, first)
    for shape in shapes[1:]:
        alike = len(shape) == len(first) and all(
            may_equal(one, other)
            for i, (one, other) in enumerate(zip(first, shape, strict=True))
            if i != axis
        )
        check(alike, f"a part, apart from axis {axis},", f"like {show(first)}", show(shape))
    total: Size = 0
    for shape in shapes:
        total = total + shape[axis]
    return (*first[:axis], total, *first[axis + 1 :])


def slice_(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Each step-th from start up to, not including, stop; both may count from the end."""
    (x,) = shapes
    axis, start, stop = attributes["axis"], attributes["start"], attributes["stop"]
    check_axis(axis, x)
    size = x[axis]
    if isinstance(size, int):
        check(stop <= size, "stop", f"{size} or less", stop)
        check(start >= -size, "start", f"{-size} or more", start)
    first = start if start >= 0 else size + start
    last = stop if stop > 0 else size + stop
    length = (last - first + attributes["step"] - 1) // attributes["step"]
    return (*x[:axis], length, *x[axis + 1 :])


def pad(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Each axis grows by before + after; going round once at most where the mode is circular."""
    (x,) = shapes
    before, after = attributes["before"], attributes["after"]
    for name, amounts in (("before", before), ("after", after)):
        check(len(amounts) == len(x), name, f"{len(x)} long, one int an axis", amounts)
    if attributes["mode"] == "circular":
        for size, *amounts in zip(x, before, after, strict=True):
            limit = size if isinstance(size, int) else math.inf
            check(max(amounts) <= limit, "circular padding", f"{limit} or less", max(amounts))
    return tuple(size + b + a for size, b, a in zip(x, before, after, strict=True))


def reshape(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The same elements in another shape: 0 takes the input's axis, -1 the rest."""
    (x,) = shapes
    wanted = attributes["shape"]
    check(wanted.count(-1) <= 1, "shape", "given with one -1 at most", wanted)
    kept = {i for i, size in enumerate(wanted) if size == 0}
    check(max(kept, default=-1) < len(x), "a 0 in shape", "at an axis of x", wanted)
    elements: Size = 1
    for i, size in enumerate(x):
        elements = elements * (1 if i in kept else size)
    given = math.prod(size for size in wanted if size > 0)
    rest = elements // given
    exact = rest * given == elements if -1 in wanted else given == elements
    if isinstance(elements, int) or -1 not in wanted:
        check(exact, "the product of shape", f"that of {show(x)}", wanted)
    return tuple(
        x[i] if size == 0 else rest if size == -1 else size for i, size in enumerate(wanted)
    )


def transpose(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Axis `order[i]` of x becomes axis i."""
    (x,) = shapes
    order = attributes["order"]
    axes = tuple(range(len(x)))
    check(tuple(sorted(order)) == axes, "order", f"a permutation of {axes}", order)
    return tuple(x[i] for i in order)


def reduced(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """The axes vanish, or are kept with size 1."""
    (x,) = shapes
    axes = attributes["axes"]
    check_axis(axes[-1], x)
    if attributes["keep"]:
        return tuple(1 if i in axes else size for i, size in enumerate(x))
    return tuple(size for i, size in enumerate(x) if i not in axes)


def matmul(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """[..., M, K] by [..., K, N] to [..., M, N]; leading axes broadcast."""
    a, b = shapes
    check(min(len(a), len(b)) >= 2, "the rank of both", "2 or more", f"{len(a)} and {len(b)}")
    check(a[-1] == b[-2], "the last axis of a", f"{b[-2]}, as the last but one of b", a[-1])
    return (*broadcast([a[:-2], b[:-2]], {}), a[-2], b[-1])


RULES: Mapping[str, Rule] = {
    "linear": linear,
    "conv": window_rules.conv,
    "channel_affine": channel_affine,
    "embedding": embedding,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "softmax": along,
    "log_softmax": along,
    "relu": same,
    "sigmoid": same,
    "tanh": same,
    "silu": same,
    "hardswish": same,
    "hardsigmoid": same,
    "gelu": same,
    "softplus": same,
    "exp": same,
    "sqrt": same,
    "clip": same,
    "add": broadcast,
    "sub": broadcast,
    "mul": broadcast,
    "div": broadcast,
    "equal": broadcast,
    "less": broadcast,
    "prelu": prelu,
    "concat": concat,
    "slice": slice_,
    "pad": pad,
    "max_pool": window_rules.pool,
    "avg_pool": window_rules.pool,
    "adaptive_avg_pool": window_rules.adaptive_pool,
    "adaptive_max_pool": window_rules.adaptive_pool,
    "resize": window_rules.resize,
    "depth_to_space": window_rules.depth_to_space,
    "reshape": reshape,
    "transpose": transpose,
    "mean": reduced,
    "sum": reduced,
    "max": reduced,
    "matmul": matmul,
    "attention": sequence_rules.attention,
    "lstm": sequence_rules.lstm,
    "gru": sequence_rules.gru,
    "fit": sequence_rules.fit,
    "cast": same,
}
