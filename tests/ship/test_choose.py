"""Dense or sparse: the faster one stays, and dense where they are near."""

import numpy as np
import pytest

from tenth.graph import Dim, Graph, Node, Value
from tenth.ship import choose as chooser
from tenth.ship.choose import Choice, choose


def linear(density: float, size: int = 64) -> Graph:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((size, size), np.float32)
    weight[rng.random(weight.shape) >= density] = 0
    return Graph(
        (Value("x", (Dim.symbol("n"), size)),),
        (Node("y", "linear", ("x", "w"), path="fc"),),
        ("y",),
        {"w": weight},
    )


def test_a_layer_without_zeros_is_dense_and_nothing_is_compiled(monkeypatch):
    monkeypatch.setenv("CC", "/bin/false")
    assert choose(linear(1), {"n": 1}) == {"y": Choice("dense")}


@pytest.mark.parametrize(
    ("dense", "sparse", "kernel"),
    [
        (1.0, 0.5, "unstructured"),
        (1.0, 0.89, "unstructured"),
        (1.0, 0.91, "dense"),
        (1.0, 2.0, "dense"),
    ],
)
def test_dense_stays_where_sparse_gains_less_than_a_tenth(monkeypatch, dense, sparse, kernel):
    monkeypatch.setattr(chooser, "_race", lambda runners: [dense, *[sparse] * (len(runners) - 1)])
    assert choose(linear(0.5), {"n": 4}) == {"y": Choice(kernel, dense, sparse)}


@pytest.mark.parametrize(("density", "kernel"), [(0.02, "unstructured"), (0.95, "dense")])
def test_the_clock_finds_what_is_plain(density, kernel):
    choice = choose(linear(density, 512), {"n": 64})["y"]
    assert choice.kernel == kernel
    assert choice.dense_seconds
    assert choice.sparse_seconds


def test_a_layer_of_nothing_but_zeros_runs():
    choice = choose(linear(0), {"n": 3})["y"]
    assert choice.dense_seconds
    assert choice.sparse_seconds
