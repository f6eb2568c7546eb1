"""Every op in C against the interpreter, at random sizes: the contract of the table of calls."""

from dataclasses import replace

import numpy as np
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from tenth.graph import Graph, run, verify
from tenth.graph.ops import OPS
from tenth.ship.check import relative_error
from tenth.ship.emit.ops.table import CALLS
from tenth.ship.emit.steps import HEIGHTS, Kernel

from .cases import CASES, Case, programs, random_graph

# each example compiles a library, so a failing seed is reported as it is, not made smaller
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
TOLERANCE = 2e-6


def test_every_op_can_be_written_and_is_tested():
    assert set(CALLS) == set(OPS) == set(CASES)


def largest_sums(graph: Graph, inputs: list[np.ndarray]) -> float:
    """The norm of a layer's outputs if all products added up: what rounding goes by."""
    constants = {name: np.abs(array) for name, array in graph.constants.items()}
    (sums,) = run(replace(graph, constants=constants), *map(np.abs, inputs), dtype=np.float64)
    return float(np.linalg.norm(sums)) or 1.0


def compare(cases: list[Case], rng: np.random.Generator, kernels: list[Kernel]) -> None:
    graphs = [(case.graph(rng), kernel) for case, kernel in zip(cases, kernels, strict=True)]
    for graph, _ in graphs:
        verify(graph)
    examples = [case.inputs(rng, case.shapes) for case in cases]
    for case, (graph, _), program, first in zip(
        cases, graphs, programs(graphs, examples), examples, strict=True
    ):
        for inputs in (first, case.inputs(rng, case.others or case.shapes)):
            (y,), (expected,) = program(*inputs), run(graph, *inputs, dtype=np.float64)
            error = relative_error(y, expected)
            if case.op in ("linear", "conv") and np.isfinite(error):
                error *= np.linalg.norm(expected) / largest_sums(graph, inputs)
            assert error <= TOLERANCE, (case, [x.shape for x in inputs])


@settings(max_examples=2, deadline=None, phases=PHASES)
@given(seed=st.integers(0, 2**32 - 1))
def test_each_op_computes_what_the_interpreter_computes(seed):
    rng = np.random.default_rng(seed)
    cases = [make(rng) for make in CASES.values() for _ in range(2)]
    compare(cases, rng, ["dense"] * len(cases))


def fitting(case: Case) -> list[Kernel]:
    """The sparse kernels whose blocks of outputs fill a layer."""
    outputs = case.shapes[len(case.shapes) - case.constants][0]
    own = outputs // case.attributes.get("groups", 1)
    return [kernel for kernel, height in HEIGHTS.items() if own % height == 0]


@settings(max_examples=2, deadline=None, phases=PHASES)
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=17510121)  # 33 products that nearly cancel out
def test_dense_and_sparse_layers_compute_the_same(seed):
    rng = np.random.default_rng(seed)
    cases = [CASES[op](rng) for op in ("linear", "conv") for _ in range(14)]
    pairs = [(case, kernel) for case in cases for kernel in ("dense", *fitting(case))]
    compare([case for case, _ in pairs], rng, [kernel for _, kernel in pairs])


@settings(max_examples=2, deadline=None, phases=PHASES)
@given(seed=st.integers(0, 2**32 - 1))
def test_graphs_whose_values_share_memory_compute_what_the_interpreter_computes(seed):
    rng = np.random.default_rng(seed)
    graphs: list[tuple[Graph, Kernel]] = [
        (random_graph(rng), "dense" if i % 2 else "unstructured") for i in range(16)
    ]
    for graph, _ in graphs:
        verify(graph)
    x = rng.standard_normal((2, 4, 5, 6), np.float32)
    other = rng.standard_normal((1, 4, 9, 3), np.float32)
    for (graph, _), program in zip(graphs, programs(graphs, [[x]] * len(graphs)), strict=True):
        for given_x in (x, other):
            before = given_x.copy()
            expected = run(graph, given_x, dtype=np.float64)
            for name, y, reference in zip(graph.outputs, program(given_x), expected, strict=True):
                assert relative_error(y, reference) <= 1e-4, (name, graph)
            np.testing.assert_array_equal(given_x, before)
