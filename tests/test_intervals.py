import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tenth.errors import InputError
from tenth.intervals import NonInferiority, non_inferiority, student_t, wilson


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_quantiles_of_t_agree_with_scipy(freedom, probability):
    assert student_t(probability, freedom) == pytest.approx(
        stats.t.ppf(probability, freedom), rel=1e-6, abs=1e-9
    )


@given(st.integers(0, 64))
def test_wilson_agrees_with_scipy(hits):
    low, high = stats.binomtest(hits, 64).proportion_ci(method="wilson")
    assert wilson(hits, 64) == pytest.approx((low, high), abs=1e-9)


@given(st.integers(1, 100))
def test_a_rate_lies_in_its_interval(trials):
    for hits in (0, trials // 2, trials):
        low, high = wilson(hits, trials, 0.9)
        assert 0 <= low <= hits / trials <= high <= 1


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


def test_the_opposite_is_shown_by_the_upper_bound():
    rng = np.random.default_rng(1)
    dense = rng.normal(0.97, 0.004, 12)
    for loss in (0.0, 0.01, 0.02):
        sparse = dense - loss + rng.normal(0, 0.003, 12)
        verdict = non_inferiority(sparse.tolist(), dense.tolist(), margin=0.01)
        bound = stats.ttest_rel(sparse, dense, alternative="less").confidence_interval(0.95).high
        assert verdict.upper() == pytest.approx(bound, abs=1e-9)
        p = stats.ttest_rel(sparse + 0.01, dense, alternative="less").pvalue
        assert verdict.fails == (p < 0.05)
        assert not (verdict.fails and verdict.holds)


def test_the_seeds_that_would_decide_do_in_four_of_five_tries():
    rng = np.random.default_rng(2)
    n = NonInferiority(0.0, -1.0, margin=0.01, seeds=5, deviation=0.015).seeds_needed
    assert n == 16  # the table of z says 14, and t a little more
    draws = rng.normal(0, 0.015, (2000, n))
    held = [non_inferiority(d.tolist(), [0.0] * n, 0.01).holds for d in draws]
    assert 0.77 < np.mean(held) < 0.84


def test_no_number_of_seeds_decides_at_the_margin():
    at_the_margin = NonInferiority(-0.01, -0.02, margin=0.01, seeds=5, deviation=0.015)
    assert at_the_margin.seeds_needed is None
    assert NonInferiority(0.0, 0.0, margin=0.01, seeds=5).seeds_needed == 5


@pytest.mark.parametrize(("n", "margin", "word"), [(4, 0.01, "5 pairs"), (6, 0, "positive")])
def test_claims_without_ground_are_refused(n, margin, word):
    with pytest.raises(InputError, match=word):
        non_inferiority([0.9] * n, [0.9] * n, margin)
