"""A batch in parts: who may be split, and that splitting changes nothing."""

import numpy as np
import pytest

from tenth.errors import InputError
from tenth.graph import Dim, Graph, Node, Value
from tenth.graph.shapes import infer
from tenth.ship import compile, load
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


def deep(rng: np.random.Generator) -> Graph:
    """Three steps, so that values stand in the arena: 4 MB of a member of 200 by 200."""
    weight = rng.standard_normal((8, 8, 3, 3), np.float32)
    one = graph((N, 8, 200, 200), "conv", constants={"w": weight}, **WINDOW)
    more = Node("z", "relu", ("y",), {}), Node("t", "softmax", ("z",), {"axis": 1})
    return Graph(one.inputs, (*one.nodes, *more), ("t",), one.constants)


def test_parts_compute_what_the_whole_computes(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((11, 8, 200, 200), np.float32)
    program = compile(deep(rng), (x[:1],))
    assert program.arena_bytes(x.shape) < x.nbytes
    single = np.concatenate([program(x[i : i + 1]) for i in range(len(x))])
    np.testing.assert_array_equal(program(x), single)
    saved = program.save(tmp_path / "program")
    for threads in (2, 3, 4, 16):  # all parts at once, some left over, fewer than threads
        threaded = load(saved, threads=threads)
        np.testing.assert_array_equal(threaded(x), single)


def test_each_thread_has_memory_for_a_part_of_its_own(tmp_path):
    many, few = (64, 8, 200, 200), (1, 8, 200, 200)
    alone = compile(deep(np.random.default_rng(0)), (np.zeros(few, np.float32),))
    threaded = load(alone.save(tmp_path / "program"), threads=4)
    assert threaded.arena_bytes(many) == 4 * alone.arena_bytes(many)
    assert threaded.arena_bytes(few) < 2 * alone.arena_bytes(few)


def test_an_id_outside_its_table_is_told_from_any_part(tmp_path):
    table = np.ones((5, 4096), np.float32)
    node = Node("y", "embedding", ("x", "table"), {})
    one = Graph(
        (Value("x", (N, 64), "int64"),),
        (node, Node("z", "exp", ("y",), {})),
        ("z",),
        {"table": table},
    )
    ids = np.zeros((64, 64), np.int64)
    program = load(compile(one, (ids[:1],)).save(tmp_path / "program"), threads=3)
    assert program.arena_bytes(ids.shape) < ids.size * 4096 * 4
    program(ids)
    for wrong in (0, 31, 63):
        bad = ids.copy()
        bad[wrong, 5] = 5
        with pytest.raises(InputError, match="id"):
            program(bad)
        program(ids)
