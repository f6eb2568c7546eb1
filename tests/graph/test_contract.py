"""What every op owes, whatever its kind: numpy agrees with torch, shapes with what is computed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.graph import run, verify
from tenth.graph.count import FLOPS
from tenth.graph.dims import at
from tenth.graph.functions import FUNCTIONS
from tenth.graph.ops import OPS
from tenth.graph.shape_rules import RULES
from tenth.graph.shapes import bind, infer

from .cases import CASES, arrays, graph_of


def test_every_table_knows_every_op():
    assert set(OPS) == set(RULES) == set(FUNCTIONS) == set(FLOPS) == set(CASES)
    assert len(OPS) <= 50


@pytest.mark.parametrize("op", sorted(OPS))
@settings(max_examples=20, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_numpy_and_torch_agree_and_shapes_are_as_computed(op, data, seed):
    case = data.draw(CASES[op])
    read = arrays(case, op, seed)
    fixed, free = (graph_of(case, op, read, free=flag) for flag in (False, True))
    inputs = read[: len(read) - case.constants]
    verify(fixed)
    verify(free)
    (y,) = run(fixed, *inputs, dtype=np.float64)
    before = [x.copy() for x in read]
    (again,) = run(free, *inputs, dtype=np.float64)

    doubles = [x if x.dtype == np.int64 else x.astype(np.float64) for x in read]
    expected = case.torch(*(torch.from_numpy(np.array(x)) for x in doubles)).numpy()
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(y, again)
    for x, original in zip(read, before, strict=True):
        np.testing.assert_array_equal(x, original)

    sizes = bind(free, [x.shape for x in inputs])
    assert infer(fixed)["y"] == infer(free, sizes)["y"] == y.shape
    assert tuple(at(length, sizes) for length in infer(free)["y"]) == y.shape

    (single,) = run(free, *inputs)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=1e-3, atol=1e-4)
