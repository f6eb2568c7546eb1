"""A graph of one node for each op, of random sizes, and one library that runs many of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tenth.graph import Dim, Graph, Node, Value
from tenth.graph.ops import OPS
from tenth.graph.shapes import bind
from tenth.ship.binding import Binding
from tenth.ship.emit.fuse import WEIGHTED
from tenth.ship.emit.lower import lower
from tenth.ship.emit.steps import Kernel
from tenth.ship.emit.units import Unit, emit
from tenth.ship.trial import build_units

# sizes around those at which a kernel changes its ways: lanes, panels, tiles
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 37, 64, 67)
SMALL = SIZES[:10]


@dataclass
class Case:
    """A node: the shapes of what it reads, twice (a number that differs is a free size)."""

    op: str
    shapes: list[tuple[int, ...]]
    others: list[tuple[int, ...]] = field(default_factory=list)
    constants: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)

    def graph(self, rng: np.random.Generator) -> Graph:
        """A graph of the node alone; sizes that differ between the two shapes are free."""
        others = self.others or self.shapes
        count = len(self.shapes) - self.constants
        names: dict[tuple[int, int], str] = {}
        inputs = []
        for i, (one, other) in enumerate(zip(self.shapes[:count], others[:count], strict=True)):
            axes = [
                Dim.symbol(names.setdefault((a, b), f"d{len(names)}")) if a != b else a
                for a, b in zip(one, other, strict=True)
            ]
            dtype = "int64" if i in OPS[self.op].ids else "float32"
            inputs.append(Value(f"x{i}", tuple(axes), dtype))
        constants = {f"w{i}": _weight(rng, shape) for i, shape in enumerate(self.shapes[count:])}
        node = Node("y", self.op, (*(v.name for v in inputs), *constants), self.attributes)
        return Graph(tuple(inputs), (node,), ("y",), constants)

    def inputs(
        self, rng: np.random.Generator, shapes: Sequence[tuple[int, ...]]
    ) -> list[np.ndarray]:
        """Random inputs of these shapes."""
        count = len(self.shapes) - self.constants
        if OPS[self.op].ids:
            return [rng.integers(0, (*self.shapes, (100,))[1][0], shapes[0])]
        inputs = [rng.standard_normal(shape, np.float32) for shape in shapes[:count]]
        if self.op == "sqrt":
            return [np.abs(x) for x in inputs]
        if self.op == "equal":
            return [np.round(x) for x in inputs]
        # far from zeros, where a quotient is as large as its rounding
        return [inputs[0], 1 + np.abs(inputs[1])] if self.op == "div" else inputs


def _weight(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    weight = rng.standard_normal(shape, np.float32)
    if len(shape) > 1:
        weight[rng.random(shape) > rng.choice([0.05, 0.3, 1.0])] = 0
    return weight


def one(rng: np.random.Generator, sizes: Sequence[int] = SIZES) -> int:
    return int(rng.choice(sizes))


def shape(rng: np.random.Generator, least: int = 1, most: int = 4) -> tuple[int, ...]:
    return tuple(one(rng, SMALL) for _ in range(rng.integers(least, most + 1)))


def grown(rng: np.random.Generator, sizes: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...]:
    """The same shape with some axes of other sizes."""
    return tuple(
        size + int(rng.integers(0, 9)) if i in axes else size for i, size in enumerate(sizes)
    )


def unary(op: str, **attributes: Any) -> Callable[[np.random.Generator], Case]:
    def make(rng: np.random.Generator) -> Case:
        x = shape(rng, 0)
        return Case(op, [x], [grown(rng, x, range(len(x)))], attributes=attributes)

    return make


def linear(rng: np.random.Generator) -> Case:
    inputs, outputs, rows = one(rng), one(rng), one(rng)
    x, other = (rows, inputs), (one(rng), inputs)
    if rng.random() < 0.3:
        x, other = (2, *x), (3, *other)
    elif rng.random() < 0.2:
        x = other = (inputs,)
    bias = [(outputs,)] if rng.random() < 0.7 else []
    return Case("linear", [x, (outputs, inputs), *bias], [other], constants=1 + len(bias))


def windows(rng: np.random.Generator, axes: int, *, half: bool) -> dict[str, tuple[int, ...]]:
    kernel = tuple(int(rng.integers(1, 6)) for _ in range(axes))
    return {
        "kernel": kernel,
        "stride": tuple(int(rng.integers(1, 4)) for _ in range(axes)),
        "padding": tuple(int(rng.integers(0, k // 2 + 1 if half else 4)) for k in kernel),
        "dilation": tuple(int(rng.integers(1, 4)) for _ in range(axes)),
    }


def room(rng: np.random.Generator, window: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """A size for each axis in which the window fits."""
    spans = [d * (k - 1) + 1 for k, d in zip(window["kernel"], window["dilation"], strict=True)]
    return tuple(
        max(one(rng), span - 2 * pad, 1) for span, pad in zip(spans, window["padding"], strict=True)
    )


def conv(rng: np.random.Generator) -> Case:
    axes = int(rng.integers(1, 3))
    window = windows(rng, axes, half=False)
    if rng.random() < 0.4:
        plain = {"stride": (1,) * axes, "padding": (0,) * axes, "dilation": (1,) * axes}
        window |= plain | ({"kernel": (1,) * axes} if rng.random() < 0.5 else {})
    groups, inputs, outputs = (int(rng.integers(1, n)) for n in (4, 5, 10))
    x = (int(rng.integers(1, 3)), groups * inputs, *room(rng, window))
    bias = [(groups * outputs,)] if rng.random() < 0.7 else []
    kernel = window.pop("kernel")
    return Case(
        "conv",
        [x, (groups * outputs, inputs, *kernel), *bias],
        [grown(rng, x, [0, 2, 3])],
        constants=1 + len(bias),
        attributes={**window, "groups": groups},
    )


def pool(op: str) -> Callable[[np.random.Generator], Case]:
    def make(rng: np.random.Generator) -> Case:
        window = windows(rng, int(rng.integers(1, 3)), half=True)
        attributes: dict[str, Any] = dict(window)
        if op == "avg_pool":
            del attributes["dilation"]
            attributes["count_padding"] = bool(rng.random() < 0.5)
        x = (one(rng, SMALL), one(rng, SMALL), *room(rng, window))
        attributes["ceil"] = bool(rng.random() < 0.5)
        return Case(op, [x], [grown(rng, x, [0, 1, 2, 3])], attributes=attributes)

    return make


def adaptive(op: str) -> Callable[[np.random.Generator], Case]:
    def make(rng: np.random.Generator) -> Case:
        x = shape(rng, 3, 4)
        size = tuple(one(rng, SMALL) for _ in x[2:])
        return Case(op, [x], [grown(rng, x, range(len(x)))], attributes={"size": size})

    return make


def channel_affine(rng: np.random.Generator) -> Case:
    x = shape(rng, 2)
    others = [grown(rng, x, [0, 2, 3])]
    return Case("channel_affine", [x, (x[1],), (x[1],)], others, constants=2)


def embedding(rng: np.random.Generator) -> Case:
    ids = shape(rng, 1, 3)
    return Case("embedding", [ids, (one(rng), one(rng))], [grown(rng, ids, [0, 1])], constants=1)


def layer_norm(rng: np.random.Generator) -> Case:
    x = shape(rng)
    axes, affine = int(rng.integers(1, len(x) + 1)), int(rng.integers(0, 3))
    return Case(
        "layer_norm",
        [x, *[x[-axes:]] * affine],
        [grown(rng, x, range(len(x) - axes))],
        constants=affine,
        attributes={"axes": axes, "epsilon": 1e-5},
    )


def group_norm(rng: np.random.Generator) -> Case:
    groups, affine = int(rng.integers(1, 4)), int(rng.integers(0, 3))
    channels = groups * one(rng, SMALL)
    x = (one(rng, SMALL), channels, *shape(rng, 0, 2))
    return Case(
        "group_norm",
        [x, *[(channels,)] * affine],
        [grown(rng, x, [0, 2, 3])],
        constants=affine,
        attributes={"groups": groups, "epsilon": 1e-5},
    )


def along_axis(op: str) -> Callable[[np.random.Generator], Case]:
    def make(rng: np.random.Generator) -> Case:
        x = shape(rng)
        axis = int(rng.integers(len(x)))
        return Case(op, [x], [grown(rng, x, range(len(x)))], attributes={"axis": axis})

    return make


def pair(op: str) -> Callable[[np.random.Generator], Case]:
    def make(rng: np.random.Generator) -> Case:
        whole = shape(rng, 0)
        larger = grown(rng, whole, range(len(whole)))
        shapes, others = [], []
        for _ in range(2):
            ones = rng.random(len(whole)) < 0.3
            start = int(rng.integers(0, len(whole) + 1)) if rng.random() < 0.4 else 0
            for sizes, parts in ((whole, shapes), (larger, others)):
                stretched = (1 if flat else n for n, flat in zip(sizes, ones, strict=True))
                parts.append(tuple(stretched)[start:])
        if op == "add" and rng.random() < 0.3:
            return Case(op, [whole, whole], [larger, larger], constants=0)
        return Case(op, shapes, others)

    return make


def concat(rng: np.random.Generator) -> Case:
    x = shape(rng)
    axis = int(rng.integers(len(x)))
    lengths = [one(rng, SMALL) for _ in range(rng.integers(1, 4))]
    shapes = [(*x[:axis], length, *x[axis + 1 :]) for length in lengths]
    more = grown(rng, x, range(len(x)))
    others = [(*more[:axis], length + 1, *more[axis + 1 :]) for length in lengths]
    return Case("concat", shapes, others, attributes={"axis": axis})


def slice_(rng: np.random.Generator) -> Case:
    x = shape(rng)
    axis = int(rng.integers(len(x)))
    start = int(rng.integers(0, x[axis]))
    stop = int(rng.integers(start + 1, x[axis] + 1))
    if rng.random() < 0.5:
        stop -= x[axis]
        start -= x[axis] * int(rng.random() < 0.5)
    others = [grown(rng, x, range(len(x)))]
    step = int(rng.choice([1, 1, 2, 3]))
    attributes = {"axis": axis, "start": start, "stop": stop, "step": step}
    return Case("slice", [x], others, attributes=attributes)


def fit(rng: np.random.Generator) -> Case:
    rank = int(rng.integers(1, 5))
    sizes, larger = (tuple(one(rng, SMALL) for _ in range(rank)) for _ in range(2))
    axes = tuple(sorted(int(i) for i in rng.permutation(rank)[: rng.integers(1, rank + 1)]))
    places = tuple(int(i) for i in rng.permutation(rank)[: len(axes)])
    x = list(sizes)
    for axis, place in zip(axes, places, strict=True):
        x[axis] = 1 if rng.random() < 0.5 else max(sizes[place], larger[place])
    attributes = {"axes": axes, "places": places}
    return Case("fit", [tuple(x), sizes], [tuple(x), larger], attributes=attributes)


def resize(rng: np.random.Generator) -> Case:
    x = (one(rng, SMALL), one(rng, SMALL), *shape(rng, 1, 2))
    axes = len(x) - 2
    attributes = {
        "up": tuple(int(rng.integers(1, 5)) for _ in range(axes)),
        "down": tuple(int(rng.integers(1, 1 + min(x[2:]))) for _ in range(axes)),
        "mode": str(rng.choice(["nearest", "linear"])),
        "corners": bool(rng.random() < 0.5),
    }
    return Case("resize", [x], [grown(rng, x, range(len(x)))], attributes=attributes)


def depth_to_space(rng: np.random.Generator) -> Case:
    block = tuple(int(rng.integers(1, 4)) for _ in range(rng.integers(1, 3)))
    x = (one(rng, SMALL), one(rng, SMALL) * int(np.prod(block)), *(one(rng, SMALL) for _ in block))
    others = [grown(rng, x, [0, 2, 3])]
    return Case("depth_to_space", [x], others, attributes={"block": block})


def pad(rng: np.random.Generator) -> Case:
    x = shape(rng, 2)
    circular = bool(rng.random() < 0.5)
    before, after = (
        tuple(int(rng.integers(0, size + 1 if circular else 4)) for size in x) for _ in range(2)
    )
    mode = "circular" if circular else "zeros"
    attributes = {"before": before, "after": after, "mode": mode}
    return Case("pad", [x], [grown(rng, x, range(len(x)))], attributes=attributes)


def reshape(rng: np.random.Generator) -> Case:
    x = shape(rng, 1, 4)
    wanted = (0, -1) if len(x) > 1 else (1, -1)
    return Case("reshape", [x], [grown(rng, x, range(len(x)))], attributes={"shape": wanted})


def transpose(rng: np.random.Generator) -> Case:
    x = shape(rng)
    order = tuple(int(i) for i in rng.permutation(len(x)))
    return Case("transpose", [x], [grown(rng, x, range(len(x)))], attributes={"order": order})


def reduction(op: str) -> Callable[[np.random.Generator], Case]:
    def make(rng: np.random.Generator) -> Case:
        x = shape(rng)
        count = int(rng.integers(1, len(x) + 1))
        axes = tuple(sorted(int(i) for i in rng.permutation(len(x))[:count]))
        attributes = {"axes": axes, "keep": bool(rng.random() < 0.5)}
        return Case(op, [x], [grown(rng, x, range(len(x)))], attributes=attributes)

    return make


def matmul(rng: np.random.Generator) -> Case:
    batches = pair("mul")(rng).shapes
    rows, inner, columns = one(rng), one(rng), one(rng)
    batches = [batch[-2:] for batch in batches]
    shapes = [(*batches[0], rows, inner), (*batches[1], inner, columns)]
    return Case("matmul", shapes, [(*batches[0], rows + 3, inner), shapes[1]])


def prelu(rng: np.random.Generator) -> Case:
    x = shape(rng)
    slope = [(), (x[-1],), (x[0], *(1,) * (len(x) - 1))][int(rng.integers(3))]
    axes = range(len(x)) if not slope else [i for i in range(len(x)) if 0 < i < len(x) - 1]
    return Case("prelu", [x, slope], [grown(rng, x, axes)], constants=1)


def attention(rng: np.random.Generator) -> Case:
    batch = shape(rng, 0, 2)
    rows, columns, depth, width = (one(rng) for _ in range(4))
    larger, more = grown(rng, batch, range(len(batch))), (rows + 35, columns + 9)

    def shapes(lead: tuple[int, ...], rows: int, columns: int) -> list[tuple[int, ...]]:
        return [(*lead, rows, depth), (*lead, columns, depth), (*lead, columns, width)]

    ours, others = shapes(batch, rows, columns), shapes(larger, *more)
    if rng.random() < 0.6:
        flat = rng.random(len(batch) + 2) < 0.5
        for parts, whole in ((ours, (*batch, rows, columns)), (others, (*larger, *more))):
            parts.append(tuple(1 if f else n for f, n in zip(flat, whole, strict=True)))
    attributes = {"scale": depth**-0.5, "causal": bool(rng.random() < 0.5)}
    return Case("attention", ours, others, attributes=attributes)


def recurrent(op: str) -> Callable[[np.random.Generator], Case]:
    def make(rng: np.random.Generator) -> Case:
        gates, states = (4, 2) if op == "lstm" else (3, 1)
        width, time = one(rng, SMALL), int(rng.integers(2))
        attributes: dict[str, Any] = {"time": time, "reverse": bool(rng.random() < 0.5)}
        if op == "lstm":
            attributes["states"] = bool(rng.random() < 0.5)
        start = states if rng.random() < 0.5 else 0
        weights = [(gates * width, width), *([(width,)] if op == "gru" else [])]

        def shapes(times: int, rows: int) -> list[tuple[int, ...]]:
            lead = (times, rows) if time == 0 else (rows, times)
            return [(*lead, gates * width), *[(rows, width)] * start]

        ours = shapes(one(rng, SMALL), one(rng, SMALL))
        others = shapes(one(rng, SMALL) + 20, one(rng, SMALL) + 20)
        return Case(op, [*ours, *weights], others, len(weights), attributes)

    return make


CASES: Mapping[str, Callable[[np.random.Generator], Case]] = {
    "linear": linear,
    "conv": conv,
    "channel_affine": channel_affine,
    "embedding": embedding,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "softmax": along_axis("softmax"),
    "log_softmax": along_axis("log_softmax"),
    **{op: unary(op) for op in ("relu", "sigmoid", "tanh", "silu", "hardswish", "hardsigmoid")},
    "gelu": lambda rng: unary("gelu", approximate=str(rng.choice(["none", "tanh"])))(rng),
    **{op: unary(op) for op in ("softplus", "exp", "sqrt", "cast")},
    "clip": lambda rng: unary("clip", low=-0.5, high=float(rng.choice([0.25, np.inf])))(rng),
    "add": pair("add"),
    "sub": pair("sub"),
    "mul": pair("mul"),
    "div": pair("div"),
    "equal": pair("equal"),
    "less": pair("less"),
    "prelu": prelu,
    "concat": concat,
    "slice": slice_,
    "fit": fit,
    "pad": pad,
    "max_pool": pool("max_pool"),
    "avg_pool": pool("avg_pool"),
    "adaptive_avg_pool": adaptive("adaptive_avg_pool"),
    "adaptive_max_pool": adaptive("adaptive_max_pool"),
    "resize": resize,
    "depth_to_space": depth_to_space,
    "reshape": reshape,
    "transpose": transpose,
    "mean": reduction("mean"),
    "sum": reduction("sum"),
    "max": reduction("max"),
    "matmul": matmul,
    "attention": attention,
    "lstm": recurrent("lstm"),
    "gru": recurrent("gru"),
}


def random_graph(rng: np.random.Generator, length: int = 14) -> Graph:
    """A graph of values [n, 4, h, w] that read each other freely, and up to three outputs."""
    x = Value("x", (Dim.symbol("n"), 4, Dim.symbol("h"), Dim.symbol("w")))
    constants = {
        "wide": _weight(rng, (4, 4, 3, 3)),
        "small": _weight(rng, (4, 4, 1, 1)),
        "double": _weight(rng, (4, 8, 1, 1)),
        "bias": _weight(rng, (4,)),
        "scale": _weight(rng, (4, 1, 1)),
        "line": _weight(rng, (4, 4)),
    }
    window = {"stride": (1, 1), "dilation": (1, 1), "groups": 1}
    nodes: list[Node] = []
    whole, flat = ["x"], []

    def add(op: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(Node(f"v{len(nodes)}", op, inputs, attributes))
        return nodes[-1].name

    for _ in range(length):
        a, b = rng.choice(whole), rng.choice(whole)
        kind = rng.integers(9)
        if kind == 0:
            whole.append(add("conv", a, "wide", "bias", padding=(1, 1), **window))
        elif kind == 1:
            whole.append(add("conv", a, "small", padding=(0, 0), **window))
        elif kind == 2:
            both = add("concat", a, b, axis=1)
            whole.append(add("conv", both, "double", padding=(0, 0), **window))
        elif kind == 3:
            whole.append(add(str(rng.choice(["relu", "sigmoid", "tanh"])), a))
        elif kind == 4:
            whole.append(add("softmax", a, axis=1))
        elif kind == 5:
            whole.append(add("mul", a, "scale"))
        elif kind == 6:
            flat.append(add("reshape", a, shape=(0, 4, -1)))
        elif kind == 7 and flat:
            turned = add("transpose", str(rng.choice(flat)), order=(0, 2, 1))
            flat.append(add("transpose", add("linear", turned, "line", "bias"), order=(0, 2, 1)))
        else:
            whole.append(add(str(rng.choice(["add", "sub", "mul"])), a, b))
    names = [node.name for node in nodes]
    count = min(len(names), int(rng.integers(1, 4)))
    outputs = [str(name) for name in rng.choice(names, count, replace=False)]
    used = {name for node in nodes for name in node.inputs}
    kept = {name: array for name, array in constants.items() if name in used}
    return Graph((x,), tuple(nodes), tuple(outputs), kept)


def everything_graph() -> tuple[Graph, list[np.ndarray]]:
    """All ops in one graph, each with inputs of its own; its layers with zeros, too."""
    rng = np.random.default_rng(8)
    inputs, nodes, constants, examples = [], [], {}, []
    for op, make in CASES.items():
        for i in range(3 if op in ("linear", "conv") else 1):
            case = make(rng)
            graph = case.graph(rng)
            examples += case.inputs(rng, case.shapes)
            names = {
                name: f"{op}{i}_{name}"
                for name in (*(v.name for v in graph.inputs), *graph.constants)
            }
            inputs += [
                Value(
                    names[v.name],
                    tuple(Dim.symbol(f"{op}{i}_{s}") if isinstance(s, Dim) else s for s in v.shape),
                    v.dtype,
                )
                for v in graph.inputs
            ]
            (node,) = graph.nodes
            read = tuple(names[name] for name in node.inputs)
            nodes.append(Node(f"{op}{i}_y", op, read, node.attributes))
            constants |= {names[name]: array for name, array in graph.constants.items()}
    graph = Graph(tuple(inputs), tuple(nodes), tuple(n.name for n in nodes), constants)
    return graph, examples


def unit_of(graph: Graph, name: str, kernel: Kernel, sizes: Mapping[str, int]) -> Unit:
    """A graph as C, all its layers dense or all sparse."""
    kernels: dict[str, Kernel] = {node.name: kernel for node in graph.nodes if node.op in WEIGHTED}
    return emit(lower(graph, name, kernels), sizes)


def programs(
    graphs: Sequence[tuple[Graph, Kernel]], examples: Sequence[Sequence[np.ndarray]]
) -> list[Callable[..., list[np.ndarray]]]:
    """Each graph as a function of arrays; one run of the compiler makes them all."""
    units = [
        unit_of(graph, f"p{i}", kernel, bind(graph, [x.shape for x in example]))
        for i, ((graph, kernel), example) in enumerate(zip(graphs, examples, strict=True))
    ]
    library = build_units(units)
    return [_function(Binding(library, unit.interface, unit.weights.data)) for unit in units]


def _function(binding: Binding) -> Callable[..., list[np.ndarray]]:
    def call(*inputs: np.ndarray) -> list[np.ndarray]:
        sizes = binding.interface.bind([x.shape for x in inputs])
        return binding.run([np.ascontiguousarray(x) for x in inputs], sizes)

    return call
