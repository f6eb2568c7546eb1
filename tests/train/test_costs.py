import pytest

import route_table
import tiny
from tenth.train import ROUTES, Settings, run
from tenth.train.costs import relative_cost


def test_every_route_stands_in_the_table_and_the_table_is_of_these_routes():
    text = route_table.PAGE.read_text(encoding="utf-8")
    assert route_table.filled(text) == text, "run bench/route_table.py"
    assert set(route_table.WORDS) == set(ROUTES)
    assert all(f"| `{name}` |" in text for name in ROUTES)


def test_costs_by_hand():
    assert relative_cost("dense", 0.1) == 1
    assert relative_cost("static", 0.1) == pytest.approx(0.1)
    # 74 looks before 75 % of the steps, each (1 - 0.1) / 3 of a dense step, in 1000 steps
    assert relative_cost("rigl", 0.1) == pytest.approx(0.1 + 74 * 0.3 / 1000)
    # 38 % of the steps are dense: 10 + 5 phases of 13, of 200
    assert relative_cost("acdc", 0.1, 20_000) == pytest.approx(0.375 + 0.625 * 0.1, abs=2e-3)
    assert relative_cost("lottery-lr", 0.5) == pytest.approx(1 + 0.8 + 0.64 + 0.512 + 0.5)


@pytest.mark.parametrize("route", ["static", "gradual", "granet", "acdc", "lottery-lr"])
def test_costs_are_those_that_a_run_is_charged(route):
    settings = Settings(steps=100, check_every=100, sparse="never")
    task = tiny.task()
    once, dense = (
        run(task, name, density=density, settings=settings).receipt
        for name, density in ((route, 0.25), ("dense", None))
    )
    ratio = once.total("flops_useful").value / dense.total("flops_useful").value
    # the first layer owes no gradient to its input, and scores are read by all of them
    assert ratio == pytest.approx(relative_cost(route, 0.25, 100), rel=0.25)
