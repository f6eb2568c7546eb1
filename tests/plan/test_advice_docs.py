"""docs/advice.md shows what is printed, and names every unit and route."""

import importlib.util
from pathlib import Path

import pytest

from tenth.plan.advice.advise import advise
from tenth.plan.advice.budget import UNITS
from tenth.plan.advice.routes import FROM_NOTHING

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "advice.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_output_on_the_page_is_what_is_printed():
    spec = importlib.util.spec_from_file_location("bench_plan", ROOT / "bench" / "plan.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert PAGE.count("```console") == 4
    assert module.filled(PAGE) == PAGE, "run `python bench/plan.py`"


def test_every_unit_and_route_is_on_the_page():
    for unit in UNITS:
        assert unit in PAGE
    for route in FROM_NOTHING:
        assert f"| {route.name} |" in PAGE
        assert f"{route.tokens_each:g} tokens a parameter" in PAGE or route.density < 1


def test_the_speed_of_sparse_steps_is_the_measured_one():
    results = (ROOT / "docs" / "train.md").read_text(encoding="utf-8")
    sparse = next(route for route in FROM_NOTHING if route.faster is not None)
    value, low, high = sparse.faster.bounds()
    assert f"**{value:.2f} ×**" in results
    assert f"**{high:.2f} ×**" in results
    assert low == 1


def test_the_picture_of_the_page_is_of_this_advice(tmp_path):
    kept = (ROOT / "docs" / "pictures" / "plan-budget.svg").read_text(encoding="utf-8")
    first = advise(["500usd"]).groups[0].choices[0]
    assert f"{first.count} × {first.device.name}: " in kept
