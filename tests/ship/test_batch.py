"""A batch in parts: who may be split, and that splitting changes nothing."""

import numpy as np
import pytest

from tenth.graph import Dim, Graph, Node, Value
from tenth.graph.shapes import infer
from tenth.ship import compile
from tenth.ship.emit.batch import independent_batch

N = Dim.symbol("n")
WINDOW = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}


def graph(shape, op, more=(), constants=None, **attributes) -> Graph:
    constants = constants or {}
    node = Node("y", op, ("x", *more, *constants), attributes)
    return Graph((Value("x", shape),), (node,), ("y",), constants)


def batch(one: Graph) -> str | None:
    return independent_batch(one, infer(one))


def test_rows_pictures_and_heads_are_apart():
    weight = np.ones((4, 4), np.float32)
    assert batch(graph((N, 4), "linear", constants={"w": weight})) == "n"
    assert batch(graph((N, 3, 4), "softmax", axis=2)) == "n"
    assert batch(graph((N, 5, 4), "attention", ("x", "x"), scale=1.0, causal=False)) == "n"


@pytest.mark.parametrize(
    "one",
    [
        graph((N, 4), "softmax", axis=0),
        graph((N, 4), "mean", axes=(0,), keep=True),
        graph((N, 4), "transpose", order=(1, 0)),
        graph((N, 4), "attention", ("x", "x"), scale=1.0, causal=False),
        graph(
            (N, 2, 8),
            "lstm",
            constants={"w": np.ones((8, 2), np.float32)},
            time=0,
            reverse=False,
            states=False,
        ),
        graph((2, N), "relu"),
    ],
    ids=lambda one: one.nodes[0].op,
)
def test_members_that_meet_stay_together(one):
    assert batch(one) is None


def test_parts_compute_what_the_whole_computes():
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((8, 8, 3, 3), np.float32)
    one = graph((N, 8, 200, 200), "conv", constants={"w": weight}, **WINDOW)
    two = Node("z", "relu", ("y",), {})
    three = Node("t", "softmax", ("z",), {"axis": 1})
    whole = Graph(one.inputs, (*one.nodes, two, three), ("t",), one.constants)
    x = rng.standard_normal((11, 8, 200, 200), np.float32)
    program = compile(whole, (x[:1],))
    assert program.arena_bytes(x.shape) < x.nbytes
    single = [program(x[i : i + 1]) for i in range(len(x))]
    np.testing.assert_array_equal(program(x), np.concatenate(single))
