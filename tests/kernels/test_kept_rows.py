"""Packing and its way back; by hand, and at random sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tenth.errors import UnsupportedError
from tenth.kernels.packing import (
    all_rows,
    first_inputs,
    kept_rows,
    panels,
    shift_rows,
    unpack_panels,
    unpack_rows,
)

matrices = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=20),
    elements=st.sampled_from([0, 0, 0, 1, -2.5]),
)


def test_four_weights_by_hand():
    kept = kept_rows(np.array([[0, 3, 0], [0, 0, 0], [1, 0, 2]], np.float32))
    assert kept.values.tolist() == [3, 1, 2]
    assert kept.indices.tolist() == [1, 0, 2]
    assert kept.starts.tolist() == [0, 1, 1, 3]


@given(matrices)
def test_kept_rows_and_back(weight):
    kept = kept_rows(weight)
    assert len(kept.values) == np.count_nonzero(weight)
    assert kept.starts.dtype == kept.indices.dtype == np.int32
    np.testing.assert_array_equal(unpack_rows(kept, weight.shape[1]), weight)
    every = all_rows(weight)
    assert len(every.values) == weight.size
    np.testing.assert_array_equal(unpack_rows(every, weight.shape[1]), weight)


@given(matrices, st.integers(1, 17))
def test_panels_and_back(weight, width):
    packed = panels(weight, width)
    assert packed.shape == (-(-len(weight) // width), weight.shape[1], width)
    np.testing.assert_array_equal(unpack_panels(packed, len(weight)), weight)
    assert not packed.transpose(0, 2, 1).reshape(-1, weight.shape[1])[len(weight) :].any()


def test_the_groups_of_a_convolution_start_at_their_own_inputs():
    firsts = first_inputs(outputs=4, groups=2, inputs=9)
    assert firsts.tolist() == [0, 0, 9, 9]
    shifted = shift_rows(kept_rows(np.eye(4, 9, dtype=np.float32)), firsts)
    assert shifted.indices.tolist() == [0, 1, 11, 12]


def test_a_layer_that_32_bits_cannot_number_is_refused():
    huge = np.broadcast_to(np.float32(0), (2**16, 2**15))
    with pytest.raises(UnsupportedError, match="2\\^31"):
        kept_rows(huge)
