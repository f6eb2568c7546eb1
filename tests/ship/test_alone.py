"""A batch of one row: kernels of its own, and what the others compute."""

import numpy as np
import pytest

from tenth.graph import Dim, Graph, Node, Value
from tenth.ship.binding import Binding
from tenth.ship.emit.steps import HEIGHTS, Kernel
from tenth.ship.trial import build_units

from .cases import unit_of

OUTPUTS = 37, 48
DEPTH = 3, 517


def layer(kernel: Kernel, outputs: int, depth: int, *, residual: bool) -> Graph:
    rng = np.random.default_rng(outputs)
    weight = rng.standard_normal((outputs, depth), np.float32)
    if kernel != "dense":
        weight[rng.random(weight.shape) > 0.2] = 0
    constants = {"w": weight, "b": rng.standard_normal(outputs, np.float32)}
    inputs = [Value("x", (Dim.symbol("n"), depth))]
    nodes = [Node("y", "linear", ("x", "w", "b"), {})]
    if residual:
        inputs.append(Value("r", (Dim.symbol("n"), outputs)))
        nodes += [Node("s", "add", ("y", "r"), {}), Node("z", "relu", ("s",), {})]
    return Graph(tuple(inputs), tuple(nodes), (nodes[-1].name,), constants)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("kernel", ["dense", *HEIGHTS])
def test_a_row_alone_is_what_it_is_among_others(kernel, residual):
    rng = np.random.default_rng(0)
    outputs = [o for o in OUTPUTS if o % HEIGHTS.get(kernel, 1) == 0]
    graphs = [layer(kernel, o, d, residual=residual) for o in outputs for d in DEPTH]
    units = [unit_of(g, f"p{i}", kernel, {"n": 1}) for i, g in enumerate(graphs)]
    library = build_units(units)
    for graph, unit in zip(graphs, units, strict=True):
        x = [rng.standard_normal((5, v.shape[1]), np.float32) for v in graph.inputs]
        w, b = (graph.constants[name].astype(np.float64) for name in ("w", "b"))
        expected = x[0] @ w.T + b
        if residual:
            expected = np.maximum(expected + x[1], 0)
        binding = Binding(library, unit.interface, unit.weights.data)
        (many,) = binding.run(x, {"n": 5})
        for i in range(5):
            for threads in (1, 3):
                one = Binding(library, unit.interface, unit.weights.data, threads)
                (y,) = one.run([v[i : i + 1] for v in x], {"n": 1})
                np.testing.assert_allclose(y[0], expected[i], rtol=1e-5, atol=1e-4)
                if kernel != "dense":  # whose sums are in another order
                    np.testing.assert_array_equal(y[0], many[i])
