import datetime

import numpy as np
import pytest

from tenth.catalogue import prices
from tenth.graph import Dim, Graph, Node, Value


def conv(name, x, padding=0):
    attributes = {"stride": (1, 1), "padding": (padding,) * 2, "dilation": (1, 1), "groups": 1}
    return Node(name, "conv", (x, f"{name}_weight", f"{name}_bias"), attributes)


def net(batch=None, side=None):
    """conv 1 to 4, 3x3; relu; conv 4 to 1, 1x1: batch and side free if not given."""
    generator = np.random.default_rng(0)
    weights = {"first": (4, 1, 3, 3), "second": (1, 4, 1, 1)}
    constants = {}
    for name, shape in weights.items():
        constants[f"{name}_weight"] = generator.standard_normal(shape, dtype=np.float32)
        constants[f"{name}_bias"] = np.zeros(shape[0], np.float32)
    n, h, w = (Dim.symbol(s) for s in ("n", "h", "w"))
    shape = (batch or n, 1, side or h, side or w)
    nodes = (conv("first", "x", 1), Node("relu", "relu", ("first",)), conv("second", "relu"))
    return Graph((Value("x", shape),), nodes, ("second",), constants)


@pytest.fixture(autouse=True)
def a_day(monkeypatch):
    """Prices age; the tests stay on one day."""
    monkeypatch.setattr(prices, "today", lambda: datetime.date(2026, 11, 30))


@pytest.fixture
def small_net():
    return net
