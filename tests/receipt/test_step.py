import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.errors import InputError
from tenth.receipt import Flops
from tenth.receipt.step import LayerCost, StepCost

COST = StepCost(
    forward=1000.0,
    backward=1600.0,
    layers={"a": LayerCost(50, 400.0, 400.0, 0.0), "b": LayerCost(25, 500.0, 500.0, 500.0)},
)


def test_a_dense_step_is_useful_as_a_whole():
    work = COST.work()
    assert work.useful == work.executed == work.dense_equivalent == Flops(1000, 1600)


def test_density_scales_the_useful_work_of_its_layer_alone():
    work = COST.work({"a": 0.25})
    assert work.useful == Flops(1000 - 0.75 * 400, 1600 - 0.75 * 400)
    assert work.executed == work.dense_equivalent == Flops(1000, 1600)


def test_growth_is_charged_and_not_twice():
    # 10 of 25 weights are kept; the gradients of 5 absent ones cost 500 / 25 FLOPs each
    work = COST.work({"b": 0.4}, {"b": 5})
    assert work.useful == Flops(1000 - 0.6 * 500, 1600 - 0.6 * 1000, 100)
    assert work.executed == Flops(1000, 1500, 100)
    assert work.executed.total == work.dense_equivalent.total


def test_growth_never_exceeds_the_absent_weights():
    assert COST.work({"b": 0.4}, {"b": 25}).useful.growth == pytest.approx(15 * 20)
    assert COST.work({"b": 0.4}, 10**9).useful.growth == pytest.approx(15 * 20)
    assert COST.work({}, 10**9).useful.growth == 0


def test_a_count_without_names_is_spread_over_the_absent_weights():
    by_name = COST.work({"a": 0.5, "b": 0.4}, {"a": 12.5, "b": 7.5})
    assert COST.work({"a": 0.5, "b": 0.4}, 20).useful.growth == by_name.useful.growth


@pytest.mark.parametrize(
    "arguments", [({"c": 0.5},), ({"a": 0.5}, {"c": 3}), ({"a": 0.0},), ({"a": float("nan")},)]
)
def test_strange_names_and_densities_are_refused(arguments):
    with pytest.raises(InputError, match="must be"):
        COST.work(*arguments)


@settings(max_examples=50)
@given(st.floats(0.01, 1), st.floats(0.01, 1), st.integers(0, 10**6))
def test_useful_never_exceeds_executed(a, b, looked):
    work = COST.work({"a": a, "b": b}, looked)
    assert work.useful.total <= work.executed.total * (1 + 1e-12)
    assert work.executed.total == pytest.approx(work.dense_equivalent.total)
    assert min(work.useful.forward, work.useful.backward, work.executed.backward) >= 0
