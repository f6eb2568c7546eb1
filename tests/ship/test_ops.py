"""Every op in C against the interpreter, at random sizes: the contract of the table of calls."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from ship_cases import CASES, Case, programs

from tenth.graph import run, verify
from tenth.graph.ops import OPS
from tenth.ship.check import relative_error
from tenth.ship.emit.ops.table import CALLS

# each example compiles a library, so a failing seed is reported as it is, not made smaller
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
TOLERANCE = 2e-6


def test_every_op_can_be_written_and_is_tested():
    assert set(CALLS) == set(OPS) == set(CASES)


def compare(cases: list[Case], rng: np.random.Generator, kernels: list[str]) -> None:
    graphs = [(case.graph(rng), kernel) for case, kernel in zip(cases, kernels, strict=True)]
    for graph, _ in graphs:
        verify(graph)
    examples = [case.inputs(rng, case.shapes) for case in cases]
    for case, (graph, _), program, example in zip(
        cases, graphs, programs(graphs, examples), examples, strict=True
    ):
        for inputs in (example, case.inputs(rng, case.others or case.shapes)):
            (y,), (expected,) = program(*inputs), run(graph, *inputs, dtype=np.float64)
            assert relative_error(y, expected) <= TOLERANCE, (case, [x.shape for x in inputs])


@settings(max_examples=3, deadline=None, phases=PHASES)
@given(seed=st.integers(0, 2**32 - 1))
def test_each_op_computes_what_the_interpreter_computes(seed):
    rng = np.random.default_rng(seed)
    cases = [make(rng) for make in CASES.values() for _ in range(2)]
    compare(cases, rng, ["dense"] * len(cases))


@pytest.mark.parametrize("op", ["linear", "conv"])
@settings(max_examples=2, deadline=None, phases=PHASES)
@given(seed=st.integers(0, 2**32 - 1))
def test_dense_and_sparse_layers_compute_the_same(op, seed):
    rng = np.random.default_rng(seed)
    cases = [CASES[op](rng) for _ in range(40)]
    compare([case for case in cases for _ in range(2)], rng, ["dense", "sparse"] * len(cases))
