from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.errors import InputError
from tenth.layouts import NM, Block, as_matrix_shape, check_density, kept_count


@pytest.mark.parametrize(
    ("size", "density", "kept"),
    [(10, 0.1, 1), (10, 1, 10), (816, 0.1, 81), (3, 0.1, 1), (0, 0.5, 0), (1000, 0.07, 70)],
)
def test_kept_count_by_hand(size, density, kept):
    assert kept_count(size, density) == kept


@given(st.integers(0, 10**9), st.floats(1e-9, 1, allow_nan=False))
def test_a_density_is_a_ceiling_with_at_least_one(size, density):
    kept = kept_count(size, density)
    assert kept <= size
    assert kept <= Decimal(repr(density)) * size or kept == min(1, size)
    assert kept + 1 > Decimal(repr(density)) * size


@pytest.mark.parametrize("density", [0, -0.1, 1.5, float("nan"), float("inf"), "0.1", True, None])
def test_a_density_outside_its_range_is_refused(density):
    with pytest.raises(InputError, match=r"density must be .*\(0, 1\]\. Got"):
        check_density(density)


def test_a_percentage_is_guessed():
    with pytest.raises(InputError, match=r"Did you mean 0\.1\?"):
        check_density(10)


def test_layouts_refuse_impossible_sizes():
    with pytest.raises(InputError, match="rows"):
        Block(0, 1)
    with pytest.raises(InputError, match="n <= m"):
        NM(5, 4)


def test_a_convolution_is_outputs_by_inputs_and_positions():
    assert as_matrix_shape((8, 4, 3, 3)) == (8, 36)
