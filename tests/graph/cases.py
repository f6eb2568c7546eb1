"""A strategy for each op: a node, what it reads, and the same thing in torch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from torch import nn

from tenth.graph import Dim, Graph, Node, Value


@dataclass
class Case:
    """A node with what it reads: shapes, names of free sizes, and the same thing in torch."""

    shapes: list[tuple[int, ...]]
    torch: Callable[..., torch.Tensor]
    attributes: dict[str, Any] = field(default_factory=dict)
    constants: int = 0  # how many of the last shapes are constants
    free: dict[int, str] = field(default_factory=dict)  # axis of every input -> name
    names: list[dict[int, str]] | None = None  # the same, for each input


size = st.integers(1, 6)


def shape(least: int = 1, most: int = 4) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(size, min_size=least, max_size=most).map(tuple)


@st.composite
def same(draw, function, **attributes):
    s = draw(shape(0))
    return Case([s], function, attributes, free={i: f"d{i}" for i in range(len(s))})


@st.composite
def linear(draw):
    lead, inputs, outputs = draw(shape(0, 3)), draw(size), draw(size)
    bias = [(outputs,)] if draw(st.booleans()) else []
    return Case(
        [(*lead, inputs), (outputs, inputs), *bias],
        F.linear,
        constants=1 + len(bias),
        free={i: f"d{i}" for i in range(len(lead))},
    )


@st.composite
def window(draw, axes, *, half_padding):
    """Kernel, stride, padding, dilation for each axis, and a size in which the window fits."""
    rows = []
    for _ in range(axes):
        kernel, stride, dilation = draw(size), draw(st.integers(1, 3)), draw(st.integers(1, 3))
        span = dilation * (kernel - 1) + 1
        padding = draw(st.integers(0, kernel // 2 if half_padding else 4))
        room = draw(st.integers(max(1, span - 2 * padding), span + 7))
        rows.append((kernel, stride, padding, dilation, room))
    return [tuple(column) for column in zip(*rows, strict=True)]


@st.composite
def conv(draw):
    axes = draw(st.integers(1, 2))
    kernel, stride, padding, dilation, space = draw(window(axes, half_padding=False))
    groups, inputs, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(size)
    weight = (groups * outputs, inputs, *kernel)
    bias = [(groups * outputs,)] if draw(st.booleans()) else []
    attributes = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    function = (F.conv1d, F.conv2d)[axes - 1]
    return Case(
        [(draw(size), groups * inputs, *space), weight, *bias],
        lambda *read: function(*read, **attributes),
        attributes,
        constants=1 + len(bias),
        free={0: "n", **{i + 2: f"d{i}" for i in range(axes)}},
    )


@st.composite
def pool(draw, op):
    axes = draw(st.integers(1, 2))
    kernel, stride, padding, dilation, space = draw(window(axes, half_padding=True))
    ceil, count_padding = draw(st.booleans()), draw(st.booleans())
    attributes = {"kernel": kernel, "stride": stride, "padding": padding, "ceil": ceil}
    if op == "max_pool":
        attributes["dilation"] = dilation
        function = (F.max_pool1d, F.max_pool2d)[axes - 1]
        settings_ = {"dilation": dilation}
    else:
        # without dilation the window is smaller, so it still fits
        attributes["count_padding"] = count_padding
        space = tuple(max(s, k - 2 * p) for s, k, p in zip(space, kernel, padding, strict=True))
        function = (F.avg_pool1d, F.avg_pool2d)[axes - 1]
        settings_ = {"count_include_pad": count_padding}
    return Case(
        [(draw(size), draw(size), *space)],
        lambda x: function(x, kernel, stride, padding, ceil_mode=ceil, **settings_),
        attributes,
        free={0: "n", 1: "c", **{i + 2: f"d{i}" for i in range(axes)}},
    )


@st.composite
def adaptive(draw, functions):
    s = draw(shape(3, 4))
    out = tuple(draw(size) for _ in s[2:])
    function = functions[len(out) - 1]
    free = {i: f"d{i}" for i in range(len(s))}
    return Case([s], lambda x: function(x, out), {"size": out}, free=free)


@st.composite
def channel_affine(draw):
    s = draw(shape(2))
    vector = (s[1],)

    def function(x, scale, shift):
        return F.batch_norm(x, torch.zeros_like(scale), torch.ones_like(scale), scale, shift, eps=0)

    free = {i: f"d{i}" for i in range(len(s)) if i != 1}
    return Case([s, vector, vector], function, constants=2, free=free)


@st.composite
def embedding(draw):
    ids, rows, width = draw(shape(1, 3)), draw(size), draw(size)
    free = {i: f"d{i}" for i in range(len(ids))}
    return Case([ids, (rows, width)], F.embedding, constants=1, free=free)


@st.composite
def layer_norm(draw):
    s = draw(shape())
    axes = draw(st.integers(1, len(s)))
    affine = draw(st.integers(0, 2))
    epsilon = draw(st.sampled_from([1e-5, 0.1]))
    return Case(
        [s, *[s[-axes:]] * affine],
        lambda x, *read: F.layer_norm(x, s[-axes:], *read, eps=epsilon),
        {"axes": axes, "epsilon": epsilon},
        constants=affine,
        free={i: f"d{i}" for i in range(len(s) - axes)},
    )


@st.composite
def along_axis(draw, function):
    s = draw(shape())
    axis = draw(st.integers(0, len(s) - 1))
    free = {i: f"d{i}" for i in range(len(s))}
    return Case([s], lambda x: function(x, axis), {"axis": axis}, free=free)


@st.composite
def clip(draw):
    s = draw(shape())
    low, high = sorted(draw(st.tuples(st.floats(-2, 2), st.floats(-2, 2))))
    low = draw(st.sampled_from([low, -np.inf]))
    return Case([s], lambda x: x.clamp(low, high), {"low": low, "high": high})


@st.composite
def pair(draw, function):
    both = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=5))
    rank = len(both.result_shape)
    names = [
        {i: f"d{rank - len(s) + i}" for i, length in enumerate(s) if length > 1}
        for s in both.input_shapes
    ]
    return Case(list(both.input_shapes), function, names=names)


@st.composite
def concat(draw):
    s = draw(shape())
    axis = draw(st.integers(0, len(s) - 1))
    lengths = draw(st.lists(size, min_size=1, max_size=4))
    shapes = [(*s[:axis], length, *s[axis + 1 :]) for length in lengths]
    names = [
        {i: f"part{p}" if i == axis else f"d{i}" for i in range(len(s))} for p in range(len(shapes))
    ]
    return Case(shapes, lambda *read: torch.cat(read, axis), {"axis": axis}, names=names)


@st.composite
def slice_(draw):
    s = draw(shape())
    axis = draw(st.integers(0, len(s) - 1))
    start = draw(st.integers(0, s[axis] - 1))
    end = draw(st.integers(start + 1, s[axis]))
    from_end, step = draw(st.booleans()), draw(st.integers(1, 3))
    attributes = {
        "axis": axis,
        "start": start - s[axis] if from_end and draw(st.booleans()) else start,
        "stop": end - s[axis] if from_end else end,
        "step": step,
    }
    free = {i: f"d{i}" for i in range(len(s)) if i != axis or from_end}
    places = torch.arange(start, end, step)
    return Case([s], lambda x: x.index_select(axis, places), attributes, free=free)


@st.composite
def fit(draw):
    like = draw(shape())
    rank = draw(st.integers(1, 4))
    count = draw(st.integers(1, min(rank, len(like))))
    axes = tuple(sorted(draw(st.permutations(range(rank)))[:count]))
    places = tuple(draw(st.permutations(range(len(like))))[:count])
    sizes = dict(zip(axes, (like[place] for place in places), strict=True))
    x = tuple(
        draw(st.sampled_from([1, sizes[i], sizes[i] + 2])) if i in axes else draw(size)
        for i in range(rank)
    )

    def function(x, like):
        for axis, length in sizes.items():
            x = x.narrow(axis, 0, min(x.shape[axis], length))
        return x.expand([sizes.get(i, length) for i, length in enumerate(x.shape)])

    names = [{}, {i: f"d{i}" for i in range(len(like))}]
    return Case([x, like], function, {"axes": axes, "places": places}, names=names)


@st.composite
def group_norm(draw):
    groups, affine = draw(st.integers(1, 3)), draw(st.sampled_from([0, 2]))
    # torch refuses a group of one number
    channels = groups * draw(st.integers(2, 4))
    s = (draw(size), channels, *draw(shape(0, 2)))
    return Case(
        [s, *[(channels,)] * affine],
        lambda x, *read: F.group_norm(x, groups, *read, eps=1e-3),
        {"groups": groups, "epsilon": 1e-3},
        constants=affine,
        free={i: f"d{i}" for i in range(len(s)) if i != 1},
    )


@st.composite
def resize(draw):
    space = draw(st.lists(size, min_size=1, max_size=2))
    # a power of two is exact in torch's float32 steps
    up = tuple(draw(st.sampled_from([1, 2, 3, 4])) for _ in space)
    down = tuple(draw(st.sampled_from([d for d in (1, 2) if d <= s])) for s in space)
    mode = draw(st.sampled_from(["nearest", "linear"]))
    corners = mode == "linear" and draw(st.booleans())
    word = mode if mode == "nearest" or len(space) == 1 else "bilinear"
    factors = [u / d for u, d in zip(up, down, strict=True)]
    s = (draw(size), draw(size), *space)
    return Case(
        [s],
        lambda x: F.interpolate(
            x, scale_factor=factors, mode=word, align_corners=corners if mode == "linear" else None
        ),
        {"up": up, "down": down, "mode": mode, "corners": corners},
        free={i: f"d{i}" for i in range(len(s))},
    )


@st.composite
def depth_to_space(draw):
    block = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)))
    depth = int(np.prod(block))
    s = (draw(size), draw(size) * depth, *(draw(size) for _ in block))

    def function(x):
        y = x.unflatten(1, (-1, *block))
        axes = len(block)
        y = y.permute(0, 1, *(a for i in range(axes) for a in (2 + axes + i, 2 + i)))
        return y.reshape(*y.shape[:2], *(n * b for n, b in zip(x.shape[2:], block, strict=True)))

    free = {i: f"d{i}" for i in range(len(s)) if i != 1}
    return Case([s], function, {"block": block}, free=free)


@st.composite
def prelu(draw):
    s = draw(shape(2))
    slope = draw(st.sampled_from([(), (s[-1],), (s[1], *(1,) * (len(s) - 2))]))
    return Case([s, slope], lambda x, w: torch.where(x > 0, x, x * w), constants=1)


@st.composite
def attention(draw):
    batch = draw(shape(0, 2))
    rows, columns, depth, width = (draw(size) for _ in range(4))
    shapes = [(*batch, rows, depth), (*batch, columns, depth), (*batch, columns, width)]
    names = {i: f"d{i}" for i in range(len(batch))}
    last = len(batch)
    free = [{**names, last: "rows"}, {**names, last: "columns"}, {**names, last: "columns"}]
    if draw(st.booleans()):
        whole = (*batch, rows, columns)
        mask = tuple(n if draw(st.booleans()) else 1 for n in whole)
        shapes.append(mask)
        named = {**names, last: "rows", last + 1: "columns"}
        free.append({i: named[i] for i, n in enumerate(mask) if n > 1})
    causal, scale = draw(st.booleans()), draw(st.sampled_from([0.5, 1.0]))

    def function(q, k, v, mask=None):
        scores = q @ k.mT * scale + (0 if mask is None else mask)
        if causal:
            scores = scores.masked_fill(~torch.ones(rows, columns).tril().bool(), -torch.inf)
        return torch.softmax(scores, -1) @ v

    return Case(shapes, function, {"scale": scale, "causal": causal}, names=free)


@st.composite
def recurrent(draw, op):
    gates, count = (4, 2) if op == "lstm" else (3, 1)
    times, rows, width = (draw(size) for _ in range(3))
    time, reverse = draw(st.integers(0, 1)), draw(st.booleans())
    start = count if draw(st.booleans()) else 0
    lead = (times, rows) if time == 0 else (rows, times)
    weights = [(gates * width, width), *([(width,)] if op == "gru" else [])]
    attributes = {"time": time, "reverse": reverse}
    if op == "lstm":
        attributes["states"] = draw(st.booleans())

    def function(x, *read):
        state, (weight, *bias) = read[:start], read[start:]
        state = list(state) or [x.new_zeros(rows, width)] * count
        cell = {"lstm": nn.LSTMCell, "gru": nn.GRUCell}[op](gates * width, width).to(x.dtype)
        cell.weight_ih.data, cell.weight_hh.data = torch.eye(gates * width).to(x.dtype), weight
        cell.bias_ih.data = torch.zeros(gates * width, dtype=x.dtype)
        cell.bias_hh.data = torch.zeros(gates * width, dtype=x.dtype)
        if bias:
            cell.bias_hh.data[2 * width :] = bias[0]
        steps = list(x.unbind(time))
        outputs = []
        with torch.no_grad():
            for step in reversed(steps) if reverse else steps:
                made = cell(step, tuple(state) if op == "lstm" else state[0])
                state = list(made) if op == "lstm" else [made]
                outputs.append(torch.cat(state, 1) if attributes.get("states") else state[0])
        return torch.stack(outputs[::-1] if reverse else outputs, time)

    names = [{time: "t", 1 - time: "n"}, *[{0: "n"}] * start]
    read = [(*lead, gates * width), *[(rows, width)] * start]
    return Case([*read, *weights], function, attributes, len(weights), names=names)


@st.composite
def pad(draw):
    s = draw(shape(3, 4))
    mode = draw(st.sampled_from(["zeros", "circular"]))
    limits = s if mode == "circular" else (4,) * len(s)
    before = tuple(draw(st.integers(0, limits[i])) if i > 1 else 0 for i in range(len(s)))
    after = tuple(draw(st.integers(0, limits[i])) if i > 1 else 0 for i in range(len(s)))
    amounts = [n for i in range(len(s) - 1, 1, -1) for n in (before[i], after[i])]
    word = {"zeros": "constant", "circular": "circular"}[mode]
    attributes = {"before": before, "after": after, "mode": mode}
    free = {i: f"d{i}" for i in range(len(s))}
    return Case([s], lambda x: F.pad(x, amounts, mode=word), attributes, free=free)


@st.composite
def reshape(draw):
    # the axes of x in order, split where that is possible; a free axis stays or is the rest
    s = draw(shape())
    wanted, free = [], {}
    for i, length in enumerate(s):
        if len(wanted) == i and draw(st.booleans()):
            wanted.append(0)
            free[i] = f"d{i}"
        else:
            parts = [p for p in range(1, length + 1) if length % p == 0]
            part = draw(st.sampled_from(parts))
            wanted += [part, length // part] if draw(st.booleans()) else [length]
    if draw(st.booleans()):
        at_ = draw(st.integers(0, len(wanted) - 1))
        if wanted[at_] > 0:
            wanted[at_] = -1
    real = [s[i] if length == 0 else length for i, length in enumerate(wanted)]
    return Case([s], lambda x: x.reshape(real), {"shape": tuple(wanted)}, free=free)


@st.composite
def transpose(draw):
    s = draw(shape())
    order = tuple(draw(st.permutations(range(len(s)))))
    free = {i: f"d{i}" for i in range(len(s))}
    return Case([s], lambda x: x.permute(order), {"order": order}, free=free)


@st.composite
def reduction(draw, function):
    s = draw(shape())
    axes = draw(st.sets(st.integers(0, len(s) - 1), min_size=1).map(lambda a: tuple(sorted(a))))
    keep = draw(st.booleans())
    free = {i: f"d{i}" for i in range(len(s))}
    return Case([s], lambda x: function(x, axes, keep), {"axes": axes, "keep": keep}, free=free)


@st.composite
def matmul(draw):
    both = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3))
    rows, inner, columns = draw(size), draw(size), draw(size)
    a, b = both.input_shapes
    names = [{len(a): "rows", len(a) + 1: "inner"}, {len(b): "inner", len(b) + 1: "columns"}]
    return Case([(*a, rows, inner), (*b, inner, columns)], torch.matmul, names=names)


CASES = {
    "linear": linear(),
    "conv": conv(),
    "channel_affine": channel_affine(),
    "embedding": embedding(),
    "layer_norm": layer_norm(),
    "group_norm": group_norm(),
    "softmax": along_axis(torch.softmax),
    "log_softmax": along_axis(torch.log_softmax),
    "relu": same(F.relu),
    "sigmoid": same(torch.sigmoid),
    "tanh": same(torch.tanh),
    "silu": same(F.silu),
    "hardswish": same(F.hardswish),
    "hardsigmoid": same(F.hardsigmoid),
    "gelu": same(F.gelu, approximate="none")
    | same(lambda x: F.gelu(x, approximate="tanh"), approximate="tanh"),
    "softplus": same(F.softplus),
    "exp": same(torch.exp),
    "sqrt": same(torch.sqrt),
    "clip": clip(),
    "add": pair(torch.add),
    "sub": pair(torch.sub),
    "mul": pair(torch.mul),
    "div": pair(torch.div),
    "equal": pair(lambda a, b: (a == b).to(a)),
    "less": pair(lambda a, b: (a < b).to(a)),
    "prelu": prelu(),
    "cast": same(torch.Tensor.double),
    "concat": concat(),
    "slice": slice_(),
    "fit": fit(),
    "pad": pad(),
    "max_pool": pool("max_pool"),
    "avg_pool": pool("avg_pool"),
    "adaptive_avg_pool": adaptive([F.adaptive_avg_pool1d, F.adaptive_avg_pool2d]),
    "adaptive_max_pool": adaptive([F.adaptive_max_pool1d, F.adaptive_max_pool2d]),
    "resize": resize(),
    "depth_to_space": depth_to_space(),
    "reshape": reshape(),
    "transpose": transpose(),
    "mean": reduction(torch.mean),
    "sum": reduction(torch.sum),
    "max": reduction(torch.amax),
    "matmul": matmul(),
    "attention": attention(),
    "lstm": recurrent("lstm"),
    "gru": recurrent("gru"),
}


def arrays(case: Case, op: str, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    read: list[np.ndarray] = [rng.normal(size=s).astype(np.float32) for s in case.shapes]
    if op == "embedding":
        read[0] = rng.integers(0, len(read[1]), case.shapes[0])
    elif op == "cast":
        read[0] = rng.integers(0, 100, case.shapes[0])
    elif op == "sqrt":
        read[0] = np.abs(read[0])
    elif op == "equal":
        read = [np.round(x) for x in read]
    return read


def graph_of(case: Case, op: str, read: list[np.ndarray], *, free: bool) -> Graph:
    """A graph of the one node, with its free sizes or without."""
    names = [f"value_{i}" for i in range(len(read))]
    count = len(read) - case.constants
    named = case.names or [case.free] * count
    inputs = []
    for name, array, axes in zip(names[:count], read[:count], named, strict=True):
        sizes = tuple(
            Dim.symbol(axes[i]) if free and i in axes else length
            for i, length in enumerate(array.shape)
        )
        inputs.append(Value(name, sizes, "int64" if array.dtype == np.int64 else "float32"))
    constants = dict(zip(names[count:], read[count:], strict=True))
    node = Node("y", op, tuple(names), case.attributes, path="block.y")
    return Graph(tuple(inputs), (node,), ("y",), constants)
