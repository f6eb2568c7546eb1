import numpy as np
import pytest

from tenth.errors import InputError
from tenth.graph import Dim, Graph, Node, Value
from tenth.graph.shape_rules import show
from tenth.graph.shapes import bind, infer, node_shape
from tenth.graph.window_rules import window_count

n, h, w = Dim.symbol("n"), Dim.symbol("h"), Dim.symbol("w")


def two_inputs() -> Graph:
    inputs = (Value("a", (n, h, 4)), Value("b", (n, 1, 4)))
    return Graph(inputs, (Node("y", "add", ("a", "b")),), ("y",))


def test_shapes_of_a_small_graph_by_hand():
    graph = Graph(
        (Value("x", (n, 1, h, 28)),),
        (
            Node(
                "conv",
                "conv",
                ("x", "w"),
                {"stride": (2, 2), "padding": (1, 1), "dilation": (1, 1), "groups": 1},
            ),
            Node("flat", "reshape", ("conv",), {"shape": (0, -1)}),
        ),
        ("flat",),
        {"w": np.zeros((4, 1, 3, 3), np.float32)},
    )
    shapes = infer(graph)
    assert shapes["conv"] == (n, 4, (h + 1) // 2, 14)
    assert shapes["flat"] == (n, 56 * ((h + 1) // 2))
    assert infer(graph, {"n": 5, "h": 7})["flat"] == (5, 4 * 4 * 14)


def test_free_sizes_are_read_off_inputs():
    assert bind(two_inputs(), [(3, 5, 4), (3, 1, 4)]) == {"n": 3, "h": 5}


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(3, 5, 4)], r"number of inputs must be 2\. Got 1"),
        ([(3, 5, 4), (2, 1, 4)], r"input 'b' must be of shape \[n, 1, 4\] with n = 3, h = 5"),
        ([(3, 5, 5), (3, 1, 4)], r"input 'a' must be of shape \[n, h, 4\].*Got \[3, 5, 5\]"),
        ([(3, 5), (3, 1, 4)], r"input 'a' must be of shape"),
        ([(0, 5, 4), (0, 1, 4)], r"input 'a' must be of shape"),
    ],
)
def test_inputs_that_do_not_fit_are_named(shapes, message):
    with pytest.raises(InputError, match=message):
        bind(two_inputs(), shapes)


def rule(op, shapes, **attributes):
    names = tuple(f"v{i}" for i in range(len(shapes)))
    return node_shape(Node("y", op, names, attributes), dict(zip(names, shapes, strict=True)))


REFUSED = {
    "linear": ("linear", [(2, 3), (4, 5)], {}, r"last axis of x must be 5\. Got \[3\]"),
    "bias": ("linear", [(2, 5), (4, 5), (5,)], {}, r"shape of the bias must be \[4\]"),
    "groups": (
        "conv",
        [(1, 4, 9), (3, 2, 1)],
        {"stride": (1,), "padding": (0,), "dilation": (1,), "groups": 2},
        r"outputs of the weight must be a multiple of 2 groups\. Got 3",
    ),
    "conv rank": (
        "conv",
        [(4, 9), (3, 2, 1)],
        {"stride": (1,), "padding": (0,), "dilation": (1,), "groups": 2},
        "rank of x must be 3 or 4",
    ),
    "broadcast": ("add", [(2, 3), (2, 4)], {}, r"equal, or one of them 1\. Got \[3, 4\]"),
    "free against fixed": ("add", [(n, 3), (2, 3)], {}, r"Got \[n, 2\]"),
    "concat": (
        "concat",
        [(2, 3), (3, 3)],
        {"axis": 1},
        r"apart from axis 1, must be like \[2, 3\]",
    ),
    "axis": ("softmax", [(2, 3)], {"axis": 2}, r"axis must be below 2\. Got 2"),
    "slice": (
        "slice",
        [(3,)],
        {"axis": 0, "start": 0, "stop": 4, "step": 1},
        "stop must be 3 or less",
    ),
    "slice, before": (
        "slice",
        [(3,)],
        {"axis": 0, "start": -4, "stop": 0, "step": 1},
        "start must be -3 or more",
    ),
    "halves of other sizes": ("add", [(h // 2,), (2 * (w // 4),)], {}, "equal, or one of them 1"),
    "one more": ("concat", [(n, h), (n, h + 1)], {"axis": 0}, "must be like"),
    "groups of channels": (
        "group_norm",
        [(2, 5, 3)],
        {"groups": 2, "epsilon": 1e-5},
        r"channels of x must be a multiple of 2 groups\. Got 5",
    ),
    "slope": ("prelu", [(2, 3), (5, 2, 3)], {}, "slope must be one that stretches"),
    "blocks": ("depth_to_space", [(1, 6, 2, 2)], {"block": (2, 2)}, "a multiple of 4"),
    "ratios": (
        "resize",
        [(1, 1, 4, 4)],
        {"up": (2,), "down": (1,), "mode": "linear", "corners": False},
        "up must be 2 long",
    ),
    "fit, too large": (
        "fit",
        [(3, 2), (5,)],
        {"axes": (0,), "places": (0,)},
        r"axis 0 must be 3 or less\. Got 5",
    ),
    "fit, free": (
        "fit",
        [(n, 2), (5,)],
        {"axes": (0,), "places": (0,)},
        "axis 0 of x must be a fixed size",
    ),
    "heads": (
        "attention",
        [(2, 3, 4), (1, 3, 4), (1, 3, 4)],
        {"scale": 1.0, "causal": False},
        "leading axes must be those of the query",
    ),
    "mask": (
        "attention",
        [(2, 3, 4), (2, 5, 4), (2, 5, 4), (4, 5)],
        {"scale": 1.0, "causal": False},
        r"mask must be one that stretches to \[2, 3, 5\]",
    ),
    "one state": (
        "lstm",
        [(2, 3, 8), (3, 2), (8, 2)],
        {"time": 0, "reverse": False, "states": False},
        "states at the start must be both or none",
    ),
    "gates": (
        "gru",
        [(2, 3, 8), (6, 2), (2,)],
        {"time": 0, "reverse": False},
        "last axis of the gates must be 6",
    ),
    "empty slice": (
        "slice",
        [(3,)],
        {"axis": 0, "start": 2, "stop": 2, "step": 1},
        "output must be 1 or more",
    ),
    "circular": (
        "pad",
        [(3,)],
        {"before": (4,), "after": (0,), "mode": "circular"},
        "circular padding must be 3 or less",
    ),
    "pool padding": (
        "max_pool",
        [(1, 1, 9)],
        {"kernel": (2,), "stride": (1,), "padding": (2,), "dilation": (1,), "ceil": False},
        r"padding must be at most half the kernel, 1\. Got 2",
    ),
    "reshape": ("reshape", [(2, 3)], {"shape": (4,)}, r"product of shape must be that of \[2, 3\]"),
    "reshape, uneven": ("reshape", [(2, 3)], {"shape": (4, -1)}, "product of shape must be"),
    "reshape, free": ("reshape", [(n, 3)], {"shape": (6,)}, "product of shape must be"),
    "reshape, two": ("reshape", [(4,)], {"shape": (-1, -1)}, "one -1 at most"),
    "reshape, beyond": ("reshape", [(4,)], {"shape": (4, 0)}, "a 0 in shape must be at an axis"),
    "transpose": ("transpose", [(2, 3)], {"order": (0, 0)}, r"permutation of \(0, 1\)"),
    "matmul": (
        "matmul",
        [(2, 3), (4, 5)],
        {},
        r"last axis of a must be 4, as the last but one of b",
    ),
    "vector": ("matmul", [(3,), (3, 5)], {}, "rank of both must be 2 or more"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_shapes_that_do_not_fit_are_refused_with_words(case):
    op, shapes, attributes, message = REFUSED[case]
    with pytest.raises(InputError, match=message) as caught:
        rule(op, shapes, **attributes)
    assert str(caught.value).startswith("node 'y'")


def test_a_quotient_that_may_be_uneven_is_checked_when_the_size_is_known():
    parts = {"shape": (0, -1, 4)}
    assert rule("reshape", [(n, h)], **parts) == (n, h // 4, 4)
    assert rule("reshape", [(2, 8)], **parts) == (2, 2, 4)
    with pytest.raises(InputError, match="product of shape"):
        rule("reshape", [(2, 9)], **parts)


def test_sizes_that_are_halved_and_doubled_may_be_equal_and_must_be_when_known():
    halves = [(n, h // 2), (n, 2 * (h // 4))]
    assert rule("add", halves) == (n, h // 2)
    assert rule("concat", halves, axis=0) == (2 * n, h // 2)
    with pytest.raises(InputError, match="equal, or one of them 1"):
        rule("add", [(1, 7 // 2), (1, 2 * (7 // 4))])


def test_slices_from_the_end_of_a_free_axis():
    slices = {"axis": 0, "step": 1}
    assert rule("slice", [(n,)], start=-1, stop=0, **slices) == (1,)
    assert rule("slice", [(n,)], start=-3, stop=-1, **slices) == (2,)
    assert rule("slice", [(n,)], start=1, stop=0, axis=0, step=2) == (n // 2,)


@pytest.mark.parametrize("ceil", [False, True])
def test_windows_by_brute_force(ceil):
    for size in range(1, 12):
        for kernel in range(1, 5):
            for stride in range(1, 4):
                for padding in range(kernel // 2 + 1):
                    end = size + padding if ceil else size + 2 * padding - kernel + 1
                    starts = [
                        s
                        for s in range(0, 40, stride)
                        if s < end and (not ceil or s - stride + kernel < size + 2 * padding)
                    ]
                    window = (kernel, stride, padding, 1)
                    if size + 2 * padding >= kernel:
                        assert window_count(size, window, ceil) == len(starts), (size, window)
                    symbolic = window_count(h, window, ceil)
                    assert symbolic.at({"h": size}) == window_count(size, window, ceil)


def test_shapes_are_shown_as_people_write_them():
    assert show((n, 3, 2 * h + 1)) == "[n, 3, 2 * h + 1]"
    assert show(()) == "[]"
