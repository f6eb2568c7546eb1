"""A small program, compiled once for the whole folder."""

import numpy as np
import pytest

from tenth.graph import Dim, Graph, Node, Value
from tenth.ship import Program, compile


def life_graph() -> Graph:
    """A net like that of the Game of Life: boards that go round, one layer pruned."""
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((6, 1, 3, 3), np.float32)
    wide[rng.random(wide.shape) > 0.3] = 0
    window = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    around = {"before": (0, 0, 1, 1), "after": (0, 0, 1, 1), "mode": "circular"}
    return Graph(
        inputs=(Value("board", (Dim.symbol("n"), 1, Dim.symbol("h"), Dim.symbol("w"))),),
        nodes=(
            Node("wrapped", "pad", ("board",), around),
            Node("count", "conv", ("wrapped", "count_weight", "count_bias"), window, "count"),
            Node("kept", "relu", ("count",)),
            Node("mix", "conv", ("kept", "mix_weight", "mix_bias"), window, "mix"),
            Node("bounded", "relu", ("mix",)),
            Node("sum", "add", ("kept", "bounded")),
            Node("last", "conv", ("sum", "last_weight"), window, "last"),
            Node("next", "sigmoid", ("last",)),
        ),
        outputs=("next",),
        constants={
            "count_weight": wide,
            "count_bias": rng.standard_normal(6, np.float32),
            "mix_weight": rng.standard_normal((6, 6, 1, 1), np.float32),
            "mix_bias": rng.standard_normal(6, np.float32),
            "last_weight": rng.standard_normal((1, 6, 1, 1), np.float32),
        },
    )


def words_graph() -> Graph:
    """Ids to two outputs: a sentence of a free length to its class, and its words."""
    rng = np.random.default_rng(1)
    weight = rng.standard_normal((5, 8), np.float32)
    weight[:, ::2] = 0
    return Graph(
        inputs=(Value("ids", (Dim.symbol("n"), Dim.symbol("l")), "int64"),),
        nodes=(
            Node("word", "embedding", ("ids", "table")),
            Node("normed", "layer_norm", ("word",), {"axes": 1, "epsilon": 1e-5}),
            Node("mean", "mean", ("normed",), {"axes": (1,), "keep": False}),
            Node("score", "linear", ("mean", "weight", "bias"), path="head"),
            Node("class_", "softmax", ("score",), {"axis": 1}),
        ),
        outputs=("class_", "normed"),
        constants={
            "table": rng.standard_normal((11, 8), np.float32),
            "weight": weight,
            "bias": rng.standard_normal(5, np.float32),
        },
    )


@pytest.fixture(scope="session")
def life() -> Program:
    """The compiled Game of Life."""
    return compile(life_graph(), np.zeros((1, 1, 16, 16), np.float32), name="life")


@pytest.fixture(scope="session")
def words() -> Program:
    """The compiled words."""
    return compile(words_graph(), np.zeros((2, 7), np.int64), name="words")


@pytest.fixture
def saved(life, tmp_path):
    """A folder with the saved Game of Life."""
    return life.save(tmp_path / "program")
