import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tenth.errors import InputError
from tenth.intervals import non_inferiority, student_t, wilson


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_quantiles_of_t_agree_with_scipy(freedom, probability):
    assert student_t(probability, freedom) == pytest.approx(
        stats.t.ppf(probability, freedom), rel=1e-6, abs=1e-9
    )


@given(st.integers(0, 64))
def test_wilson_agrees_with_scipy(hits):
    low, high = stats.binomtest(hits, 64).proportion_ci(method="wilson")
    assert wilson(hits, 64) == pytest.approx((low, high), abs=1e-9)


def test_a_rate_needs_trials():
    with pytest.raises(InputError, match="trials"):
        wilson(1, 0)


def test_non_inferiority_agrees_with_the_paired_t_test():
    rng = np.random.default_rng(0)
    dense = rng.normal(0.97, 0.004, 10)
    sparse = dense - 0.003 + rng.normal(0, 0.003, 10)
    verdict = non_inferiority(sparse.tolist(), dense.tolist(), margin=0.01)
    p = stats.ttest_rel(sparse + 0.01, dense, alternative="greater").pvalue
    assert verdict.holds == (p < 0.05)
    assert not non_inferiority((dense - 0.02).tolist(), sparse.tolist(), 0.01).holds


@pytest.mark.parametrize(("n", "margin", "word"), [(4, 0.01, "5 pairs"), (6, 0, "positive")])
def test_claims_without_ground_are_refused(n, margin, word):
    with pytest.raises(InputError, match=word):
        non_inferiority([0.9] * n, [0.9] * n, margin)
