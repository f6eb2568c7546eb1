"""Nodes of the ops that are cast, resized, attended or repeated over time, of random sizes."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tenth.graph import Dim, Graph, Node, Value

Made = tuple[Graph, list[np.ndarray]]
Make = Callable[[np.random.Generator], Made]


def node(
    rng: np.random.Generator,
    op: str,
    read: list[tuple[int, ...]],
    constants: list[tuple[int, ...]],
    free: tuple[tuple[int, int], ...] = (),
    **attributes: Any,
) -> Made:
    """A node with inputs and constants of these shapes; `free` are axes (input, axis) to name."""
    names: dict[int, str] = {}
    shapes: list[list[Any]] = [list(shape) for shape in read]
    for i, axis in free:
        size = read[i][axis]
        shapes[i][axis] = Dim.symbol(names.setdefault(size, f"d{len(names)}"))
    inputs = tuple(Value(f"x{i}", tuple(shape)) for i, shape in enumerate(shapes))
    weights = {f"w{i}": rng.standard_normal(s, np.float32) for i, s in enumerate(constants)}
    y = Node("y", op, (*(value.name for value in inputs), *weights), attributes)
    arrays = [rng.standard_normal(shape, np.float32) for shape in read]
    return Graph(inputs, (y,), ("y",), weights), arrays


def sizes(rng: np.random.Generator, count: int) -> list[int]:
    """Different sizes, so that each free one has its own name."""
    return [int(size) for size in rng.permutation(np.arange(1, 12))[:count]]


def either(rng: np.random.Generator, *free: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    return free if rng.random() < 0.6 else ()


def resize(rng: np.random.Generator) -> Made:
    axes = int(rng.integers(1, 3))
    x = (2, 3, *sizes(rng, axes))
    mode = str(rng.choice(["nearest", "linear"]))
    corners = mode == "linear" and bool(rng.random() < 0.5)
    up, down = (tuple(int(n) for n in rng.integers(1, 5, axes)) for _ in range(2))
    down = tuple(min(a, b * size) for a, b, size in zip(down, up, x[2:], strict=True))
    free = either(rng, *((0, axis) for axis in range(2, 2 + axes)))
    return node(rng, "resize", [x], [], free, up=up, down=down, mode=mode, corners=corners)


def depth_to_space(rng: np.random.Generator) -> Made:
    block = [(2, 2), (2, 3), (3,), (1, 2)][rng.integers(4)]
    x = (2, 3 * int(np.prod(block)), *sizes(rng, len(block)))
    free = either(rng, *((0, axis) for axis in range(2, len(x))))
    return node(rng, "depth_to_space", [x], [], free, block=block)


def attention(rng: np.random.Generator) -> Made:
    n, heads, rows, keys, width, out = sizes(rng, 6)
    read = [(n, heads, rows, width), (n, heads, keys, width), (n, heads, keys, out)]
    if rng.random() < 0.5:
        read.append((n, 1, 1, keys))
    free = either(rng, (0, 2), (1, 2), (2, 2), *([(3, 3)] if len(read) > 3 else []))
    causal = bool(rng.random() < 0.5)
    return node(rng, "attention", read, [], free, scale=0.3, causal=causal)


def recurrent(op: str, gates: int, states: int) -> Make:
    def make(rng: np.random.Generator) -> Made:
        n, length, width = sizes(rng, 3)
        time = int(rng.integers(2))
        x = (n, length, gates * width) if time else (length, n, gates * width)
        start = [(n, width)] * states if rng.random() < 0.5 else []
        bias = [(width,)] if op == "gru" else []
        free = either(rng, (0, 0), (0, 1), *((1 + i, 0) for i in range(len(start))))
        more = {"states": bool(rng.random() < 0.5)} if op == "lstm" else {}
        reverse = bool(rng.random() < 0.5)
        weights = [(gates * width, width), *bias]
        return node(rng, op, [x, *start], weights, free, time=time, reverse=reverse, **more)

    return make


def group_norm(rng: np.random.Generator) -> Made:
    x = (2, 6, *sizes(rng, int(rng.integers(0, 3))))
    free = either(rng, *((0, axis) for axis in range(2, len(x))))
    vectors = [(6,)] * int(rng.choice([0, 2]))
    return node(
        rng, "group_norm", [x], vectors, free, groups=int(rng.choice([1, 2, 3])), epsilon=1e-3
    )


def unary(op: str, **attributes: Any) -> Make:
    def make(rng: np.random.Generator) -> Made:
        graph, (x,) = node(rng, op, [tuple(sizes(rng, 2))], [], either(rng, (0, 0)), **attributes)
        return graph, [np.abs(x) + 0.1 if op == "sqrt" else x]

    return make


def pair(op: str) -> Make:
    def make(rng: np.random.Generator) -> Made:
        n, width = sizes(rng, 2)
        graph, (a, b) = node(rng, op, [(n, width), (width,)], [], either(rng, (0, 0)))
        # halves, so that some are equal, and none is 0
        return graph, [np.round(2 * a) / 2, np.where(b > 0, 0.5, -0.5).astype(np.float32)]

    return make


def prelu(rng: np.random.Generator) -> Made:
    n, channels, length = sizes(rng, 3)
    slope = (channels, 1) if rng.random() < 0.5 else (1,)
    return node(rng, "prelu", [(n, channels, length)], [slope], either(rng, (0, 0), (0, 2)))


def ids(op: str) -> Make:
    def make(rng: np.random.Generator) -> Made:
        n, length = sizes(rng, 2)
        free = (Dim.symbol("n"), Dim.symbol("l")) if rng.random() < 0.6 else (n, length)
        array = rng.integers(0, 9, (n, length))
        value = Value("x", free, "int64")
        if op == "cast":
            return Graph((value,), (Node("y", op, ("x",)),), ("y",)), [array]
        table = rng.standard_normal((1, length + 3, 4), np.float32)
        y = Node("y", op, ("table", "x"), {"axes": (0, 1), "places": (0, 1)})
        return Graph((value,), (y,), ("y",), {"table": table}), [array]

    return make


def stepped(rng: np.random.Generator) -> Made:
    x = (2, int(rng.integers(5, 9)), 3)
    start, stop, step = (int(rng.choice(some)) for some in ([-4, 0, 1], [0, -1, 5], [1, 2, 3]))
    free = either(rng, (0, 1))
    return node(rng, "slice", [x], [], free, axis=1, start=start, stop=stop, step=step)


def reduced(op: str) -> Make:
    def make(rng: np.random.Generator) -> Made:
        axes = [(0,), (1, 2), (0, 2)][rng.integers(3)]
        keep = bool(rng.random() < 0.5)
        x = tuple(sizes(rng, 3))
        return node(rng, op, [x], [], either(rng, (0, 0), (0, 1)), axes=axes, keep=keep)

    return make


MORE: Mapping[str, Make] = {
    "resize": resize,
    "depth_to_space": depth_to_space,
    "attention": attention,
    "lstm": recurrent("lstm", 4, 2),
    "gru": recurrent("gru", 3, 1),
    "group_norm": group_norm,
    "log_softmax": unary("log_softmax", axis=1),
    **{op: unary(op) for op in ("softplus", "exp", "sqrt")},
    **{op: pair(op) for op in ("div", "equal", "less")},
    "prelu": prelu,
    "cast": ids("cast"),
    "fit": ids("fit"),
    "slice": stepped,
    "sum": reduced("sum"),
    "max": reduced("max"),
}
