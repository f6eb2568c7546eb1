"""Counts against brute force: the same sums one scalar at a time, on numbers that tally."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.errors import InputError
from tenth.graph import Dim, Graph, Node, Value, count, run
from tenth.graph.ops import OPS

from .cases import CASES, arrays, graph_of


class Scalar:
    """A number; each operation on it is one FLOP more on the tally."""

    tally = 0

    def __init__(self, value):
        self.value = float(value)

    def __add__(self, other):
        return _done(self.value + _plain(other))

    def __sub__(self, other):
        return _done(self.value - _plain(other))

    def __mul__(self, other):
        return _done(self.value * _plain(other))

    def __truediv__(self, other):
        return _done(self.value / _plain(other))


def _plain(x):
    return x.value if isinstance(x, Scalar) else float(x)


def _done(value):
    Scalar.tally += 1
    return Scalar(value)


def apply(function, x):
    return _done(function(x.value))


def larger(a, b):
    return _done(max(_plain(a), _plain(b)))


def smaller(a, b):
    return _done(min(_plain(a), _plain(b)))


def total(parts, start=0.0):
    result = Scalar(start)
    for part in parts:
        result = result + part
    return result


def exponent(x):
    return apply(math.exp, x)


def negative(x):
    return Scalar(-x.value)  # a change of sign is free


def logistic(x):
    return Scalar(1) / (exponent(negative(x)) + 1)


def divided_by_sigmoid(x):
    return x / (exponent(negative(x)) + 1)


def gelu_none(x):
    return (x * 0.5) * (apply(math.erf, x * math.sqrt(0.5)) + 1)


def gelu_tanh(x):
    inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
    return (x * 0.5) * (apply(math.tanh, inner) + 1)


def hardsigmoid(x):
    return smaller(larger(x + 3, 0), 6) / 6


ELEMENTWISE = {
    "relu": lambda x: larger(x, 0),
    "sigmoid": logistic,
    "tanh": lambda x: apply(math.tanh, x),
    "silu": divided_by_sigmoid,
    "hardsigmoid": hardsigmoid,
    "hardswish": lambda x: smaller(larger(x + 3, 0), 6) * x / 6,
    "softplus": lambda x: larger(x, 0) + apply(math.log, exponent(Scalar(-abs(x.value))) + 1),
    "exp": exponent,
    "sqrt": lambda x: apply(math.sqrt, x),
}
PAIRS = {
    "add": Scalar.__add__,
    "sub": Scalar.__sub__,
    "mul": Scalar.__mul__,
    "div": Scalar.__truediv__,
    "equal": lambda a, b: _done(a.value == b.value),
    "less": lambda a, b: _done(a.value < b.value),
    "prelu": lambda x, slope: leaky(x, slope),
}
MOVED = {"embedding", "cast", "concat", "slice", "fit", "pad", "depth_to_space", "reshape",
         "transpose"}  # fmt: skip


def leaky(x, slope):
    below = x * slope
    return larger(x, 0) if x.value > 0 else _done(below.value)


def each(shape):
    return itertools.product(*map(range, shape))


def softmax(x, y, attributes):
    rows, result = np.moveaxis(x, attributes["axis"], -1), np.moveaxis(y, attributes["axis"], -1)
    for place in each(rows.shape[:-1]):
        top = Scalar(-math.inf)
        for v in rows[place]:
            top = larger(top, v)
        powers = [exponent(v - top) for v in rows[place]]
        whole = total(powers)
        result[place] = [p / whole for p in powers]


def log_softmax(x, y, attributes):
    rows, result = np.moveaxis(x, attributes["axis"], -1), np.moveaxis(y, attributes["axis"], -1)
    for place in each(rows.shape[:-1]):
        top = reduce_larger(rows[place])
        shifted = [v - top for v in rows[place]]
        whole = apply(math.log, total([exponent(v) for v in shifted]))
        result[place] = [v - whole for v in shifted]


def group_norm(x, y, attributes, *affine):
    rows = x.reshape(len(x), attributes["groups"], -1)
    made = np.empty(rows.shape, object)
    layer_norm(rows, made, {"axes": 1, "epsilon": attributes["epsilon"]})
    y[...] = made.reshape(x.shape)
    for place in each(x.shape):
        for vector, step in zip(affine, (Scalar.__mul__, Scalar.__add__), strict=False):
            y[place] = step(y[place], vector[place[1]])


def attention(query, y, attributes, key, value, mask=None):
    whole = (*query.shape[:-1], key.shape[-2])
    mask = None if mask is None else np.broadcast_to(mask, whole)
    for *place, row in each(query.shape[:-1]):
        q, keys, values = query[(*place, row)], key[tuple(place)], value[tuple(place)]
        seen = min(row + 1, len(keys)) if attributes["causal"] else len(keys)
        scores = []
        for s in range(seen):
            score = total(a * b for a, b in zip(q, keys[s], strict=True)) * attributes["scale"]
            scores.append(score if mask is None else score + mask[(*place, row, s)])
        weights = np.empty(seen, object)
        softmax(np.array(scores), weights, {"axis": 0})
        for e in range(values.shape[1]):
            y[(*place, row, e)] = total(w * v[e] for w, v in zip(weights, values, strict=False))


def lstm(gates, y, attributes, *read):
    *start, weight = read

    def step(gate, h, c):
        i, f, g, o = np.split(products(h, weight, gate), 4)
        c = [logistic(a) * b + logistic(d) * apply(math.tanh, e)
             for a, b, d, e in zip(f, c, i, g, strict=True)]  # fmt: skip
        return [logistic(a) * apply(math.tanh, b) for a, b in zip(o, c, strict=True)], c

    over_time(step, gates, y, attributes, start, weight.shape[1])


def gru(gates, y, attributes, *read):
    *start, weight, bias = read
    width = len(bias)

    def step(gate, h, _):
        begun = [*gate[: 2 * width], *bias]
        r, z, inner = np.split(products(h, weight, begun), 3)
        n = [apply(math.tanh, logistic(a) * b + c)
             for a, b, c in zip(r, inner, gate[2 * width :], strict=True)]  # fmt: skip
        return [logistic(a) * (b - c) + c for a, b, c in zip(z, h, n, strict=True)], None

    over_time(step, gates, y, attributes, start, width)


def products(h, weight, begun):
    return np.array(
        [total((a * b for a, b in zip(h, w, strict=True)), s.value)
         for w, s in zip(weight, begun, strict=True)]
    )  # fmt: skip


def over_time(step, gates, y, attributes, start, width):
    gates, y = gates.swapaxes(0, attributes["time"]), y.swapaxes(0, attributes["time"])
    for n in range(gates.shape[1]):
        h, c = ([*(state[n] for state in start), None] if start else [None, None])[:2]
        h, c = (v if v is not None else [Scalar(0)] * width for v in (h, c))
        for t in range(len(gates))[:: -1 if attributes["reverse"] else 1]:
            h, c = step(gates[t, n], h, c)
            y[t, n] = [*h, *c] if attributes.get("states") else h


def resize(x, y, attributes):
    if attributes["mode"] == "nearest":
        for place in each(y.shape):
            y[place] = x[near(place, x, attributes)]
        return
    for axis in range(2, x.ndim):
        shape = [*x.shape[:axis], y.shape[axis], *x.shape[axis + 1 :]]
        made = np.empty(shape, object)
        for place in each(shape):
            low, high, share = between(place[axis], axis, x, y, attributes)
            a, b = (x[(*place[:axis], i, *place[axis + 1 :])] for i in (low, high))
            made[place] = (b - a) * share + a
        x = made
    y[...] = x


def near(place, x, attributes):
    space = zip(place[2:], attributes["up"], attributes["down"], x.shape[2:], strict=True)
    return (*place[:2], *(min(i * down // up, size - 1) for i, up, down, size in space))


def between(i, axis, x, y, attributes):
    size, count = x.shape[axis], y.shape[axis]
    ratio = attributes["down"][axis - 2] / attributes["up"][axis - 2]
    at = i * (size - 1) / max(1, count - 1) if attributes["corners"] else (i + 0.5) * ratio - 0.5
    low = min(int(max(at, 0)), size - 1)
    return low, min(low + 1, size - 1), max(at, 0) - low


def reduction(op, x, y, attributes):
    axes = attributes["axes"]
    result = y.reshape([1 if i in axes else s for i, s in enumerate(x.shape)])
    for place in each(result.shape):
        window = tuple(slice(None) if i in axes else p for i, p in enumerate(place))
        row = x[window].ravel()
        result[place] = total(row) if op == "sum" else reduce_larger(row)


def layer_norm(x, y, attributes, *affine):
    axes = attributes["axes"]
    for place in each(x.shape[: x.ndim - axes]):
        row = x[place].ravel()
        middle = total(row) / len(row)
        centred = [v - middle for v in row]
        variance = total([v * v for v in centred]) / len(row)
        root = apply(math.sqrt, variance + attributes["epsilon"])
        out = [v / root for v in centred]
        if affine:
            out = [v * w for v, w in zip(out, affine[0].ravel(), strict=True)]
        if len(affine) > 1:
            out = [v + w for v, w in zip(out, affine[1].ravel(), strict=True)]
        y[place] = np.array(out).reshape(x.shape[x.ndim - axes :])


def linear(x, y, attributes, weight, bias=None):
    for *place, o in each(y.shape):
        parts = (v * w for v, w in zip(x[tuple(place)], weight[o], strict=True))
        y[(*place, o)] = total(parts, bias[o].value if bias is not None else 0)


def conv(x, y, attributes, weight, bias=None):
    kernel = weight.shape[2:]
    per_group = len(weight) // attributes["groups"]
    margin = [(0, 0), (0, 0), *((p, p) for p in attributes["padding"])]
    padded = np.pad(x, margin, constant_values=Scalar(0))
    for n, o, *place in each(y.shape):
        first = o // per_group * weight.shape[1]
        parts = []
        for c, *k in each((weight.shape[1], *kernel)):
            where = [
                i * s + j * d
                for i, s, j, d in zip(
                    place, attributes["stride"], k, attributes["dilation"], strict=True
                )
            ]
            parts.append((padded[(n, first + c, *where)], weight[(o, c, *k)]))
        products = (v * w for v, w in parts)
        y[(n, o, *place)] = total(products, bias[o].value if bias is not None else 0)


def matmul(a, y, attributes, b):
    rows, columns = a.shape[-2], b.shape[-1]
    a = np.broadcast_to(a, (*y.shape[:-2], *a.shape[-2:]))
    b = np.broadcast_to(b, (*y.shape[:-2], *b.shape[-2:]))
    for *place, i, j in each((*y.shape[:-2], rows, columns)):
        pairs = zip(a[(*place, i)], b[tuple(place)][:, j], strict=True)
        y[(*place, i, j)] = total(v * w for v, w in pairs)


def channel_affine(x, y, attributes, scale, shift):
    for place in each(x.shape):
        y[place] = x[place] * scale[place[1]] + shift[place[1]]


def mean(x, y, attributes):
    axes = attributes["axes"]
    result = y.reshape([1 if i in axes else s for i, s in enumerate(x.shape)])
    for place in each(result.shape):
        window = tuple(slice(None) if i in axes else p for i, p in enumerate(place))
        row = x[window].ravel()
        result[place] = total(row) / len(row)


def pool(op, x, y, attributes):
    """Every window in full, as counted; the values of windows at the edge are checked elsewhere."""
    for place in each(y.shape):
        window = [Scalar(0)] * math.prod(attributes["kernel"])
        if op == "avg_pool":
            y[place] = total(window) / len(window)
        else:
            y[place] = reduce_larger(window)


def adaptive(op, x, y, attributes):
    for n, c, *place in each(y.shape):
        spans = [
            slice(i * s // o, -(-(i + 1) * s // o))
            for i, s, o in zip(place, x.shape[2:], y.shape[2:], strict=True)
        ]
        window = x[(n, c, *spans)].ravel()
        average = op == "adaptive_avg_pool"
        y[(n, c, *place)] = total(window) / len(window) if average else reduce_larger(window)


def reduce_larger(window):
    top = Scalar(-math.inf)
    for v in window:
        top = larger(top, v)
    return top


def clipped(x, y, attributes):
    for place in each(x.shape):
        y[place] = smaller(larger(x[place], attributes["low"]), attributes["high"])


def gelu(x, y, attributes):
    function = {"none": gelu_none, "tanh": gelu_tanh}[attributes["approximate"]]
    for place in each(x.shape):
        y[place] = function(x[place])


NAMED = {
    function.__name__: function
    for function in (
        softmax,
        log_softmax,
        layer_norm,
        group_norm,
        linear,
        conv,
        matmul,
        channel_affine,
        mean,
        gelu,
        attention,
        lstm,
        gru,
        resize,
    )
} | {"clip": clipped}


def brute_force(op, read, shape, attributes):
    """The output of the node, one scalar at a time, and how many FLOPs that took."""
    Scalar.tally = 0
    y = np.empty(shape, object)
    scalars = [np.vectorize(Scalar, otypes=[object])(x) for x in read]
    if op in ELEMENTWISE:
        for place in each(shape):
            y[place] = ELEMENTWISE[op](scalars[0][place])
    elif op in PAIRS:
        a, b = np.broadcast_arrays(*scalars)
        for place in each(shape):
            y[place] = PAIRS[op](a[place], b[place])
    elif op in ("sum", "max"):
        reduction(op, scalars[0], y, attributes)
    elif op in ("max_pool", "avg_pool"):
        pool(op, scalars[0], y, attributes)
    elif op.startswith("adaptive"):
        adaptive(op, scalars[0], y, attributes)
    else:
        NAMED[op](scalars[0], y, attributes, *scalars[1:])
    return y, Scalar.tally


@pytest.mark.parametrize("op", sorted(OPS))
@settings(max_examples=8, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_flops_are_what_brute_force_needs(op, data, seed):
    case = data.draw(CASES[op])
    read = arrays(case, op, seed)
    graph = graph_of(case, op, read, free=False)
    (expected,) = run(graph, *read[: len(read) - case.constants], dtype=np.float64)
    (node,) = count(graph).nodes
    assert node.activation_bytes == 4 * expected.size
    assert node.weights == sum(x.size for x in read[len(read) - case.constants :])
    assert node.weight_bytes == 4 * node.weights
    if op in MOVED:
        assert node.flops == 0
        return
    y, flops = brute_force(op, read, expected.shape, case.attributes)
    assert node.flops == node.useful_flops == flops
    if op not in ("max_pool", "avg_pool"):
        values = np.vectorize(_plain, otypes=[float])(y) if y.size else y
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)


def net(weight):
    """Two convolutions with the same weight, then what needs no weights."""
    attributes = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    x = Value("x", (Dim.symbol("n"), 2, Dim.symbol("h"), 5))
    nodes = (
        Node("a", "conv", ("x", "w"), attributes),
        Node("b", "conv", ("a", "w", "bias"), attributes),
        Node("c", "relu", ("b",)),
    )
    return Graph((x,), nodes, ("c",), {"w": weight, "bias": np.zeros(2, np.float32)})


def test_zeros_are_skipped_and_a_shared_weight_is_counted_once():
    weight = np.zeros((2, 2, 3, 3), np.float32)
    weight[0, 0, 1] = 1  # 3 of 36 kept
    result = count(net(weight), {"n": 2, "h": 3})
    first, second, last = result.nodes
    positions = 2 * 3 * 5
    assert first.flops == second.flops == 2 * 36 * positions
    assert first.useful_flops == second.useful_flops == 2 * 3 * positions
    assert (first.weights, first.kept_weights) == (36, 3)
    assert (second.weights, second.kept_weights) == (2, 2)  # the bias; zeros in it are kept
    assert (last.weights, last.flops) == (0, 2 * positions)
    assert result.weights == 38
    assert result.weight_bytes == 152
    assert result.kept_weights == 5
    assert result.flops == 2 * 2 * 36 * positions + 2 * positions
    assert result.multiplied_flops == 2 * 2 * 36 * positions
    assert result.useful_flops == 2 * 2 * 3 * positions + 2 * positions
    assert result.activation_bytes == 3 * 4 * 2 * positions


def test_a_missing_size_is_named():
    with pytest.raises(InputError, match="size 'h' must be given"):
        count(net(np.ones((2, 2, 3, 3), np.float32)), {"n": 1})
