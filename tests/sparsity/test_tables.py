"""Contracts that every row of every table keeps."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenth.sparsity.allocation import ALLOCATIONS
from tenth.sparsity.methods import METHODS
from tenth.sparsity.regrowth import REGROWTH
from tenth.sparsity.schedules import SCHEDULES
from tenth.sparsity.scores import SCORES

TABLES = {
    "scores": SCORES,
    "allocation": ALLOCATIONS,
    "schedules": SCHEDULES,
    "regrowth": REGROWTH,
}
ROWS = [(table, name) for table, rows in TABLES.items() for name in rows]
RANKINGS = {
    **{f"score {n}": f for n, f in SCORES.items()},
    **{f"grow {n}": f for n, f in REGROWTH.items()},
}
RULED = [name for name in RANKINGS if not name.endswith("random")]


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("table", "name"), ROWS)
def test_a_tabled_function_names_its_source_and_cost(table, name):
    words = TABLES[table][name].__doc__
    assert "Source: " in words
    assert "arXiv:" in words
    assert "Cost: " in words
    assert TABLES[table][name].__name__.rstrip("_") == name


@pytest.mark.parametrize("name", METHODS)
def test_a_method_names_its_source_and_says_how_it_differs(name):
    assert "arXiv:" in METHODS[name].source
    assert METHODS[name].describe() not in {m.describe() for n, m in METHODS.items() if n != name}


@pytest.mark.parametrize("name", RANKINGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_a_ranking_keeps_shape_and_device_and_changes_nothing(name, dtype):
    weight = torch.randn(3, 4, 2, 2, generator=stream()).to(dtype).requires_grad_()
    gradient = torch.randn(3, 4, 2, 2, generator=stream(1)).to(dtype)
    before = weight.detach().clone(), gradient.clone()
    ranked = RANKINGS[name](weight, gradient, stream())
    assert ranked.shape == weight.shape
    assert ranked.dtype in (torch.float32, torch.float64)
    assert not ranked.requires_grad
    assert bool(ranked.isfinite().all())
    assert bool((ranked >= 0).all())
    assert torch.equal(weight, before[0])
    assert torch.equal(gradient, before[1])


@pytest.mark.parametrize("name", RULED)
@given(order=st.permutations(range(12)))
def test_a_ranking_follows_its_weights(name, order):
    weight, gradient = torch.randn(2, 12, generator=stream(2))
    ranked = RANKINGS[name](weight, gradient, stream())
    assert torch.equal(RANKINGS[name](weight[order], gradient[order], stream()), ranked[order])


@pytest.mark.parametrize("name", [name for name in RANKINGS if name.endswith("random")])
def test_a_random_ranking_needs_no_gradient_and_follows_its_seed(name):
    weight = torch.ones(50, 50)
    ranked = RANKINGS[name](weight, None, stream(3))
    assert torch.equal(ranked, RANKINGS[name](weight, None, stream(3)))
    assert not torch.equal(ranked, RANKINGS[name](weight, None, stream(4)))
    assert float(ranked.mean()) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "alternating"])
@given(start=st.floats(0.01, 1), final=st.floats(0.01, 1), a=st.floats(0, 1), b=st.floats(0, 1))
def test_a_schedule_falls_from_start_to_final(name, start, final, a, b):
    start, final = max(start, final), min(start, final)
    early, late = sorted((a, b))
    schedule = SCHEDULES[name]
    assert schedule(1.0, start, final) == final
    tolerance = 1e-12
    assert start + tolerance >= schedule(early, start, final)
    assert schedule(early, start, final) + tolerance >= schedule(late, start, final)
    assert schedule(late, start, final) >= final


@given(start=st.floats(0.01, 1), final=st.floats(0.01, 1), progress=st.floats(0, 1))
def test_an_alternating_schedule_is_at_one_end_or_the_other(start, final, progress):
    schedule = SCHEDULES["alternating"]
    assert schedule(progress, start, final) in (start, final)
    assert schedule(0.0, start, final) == start
    assert schedule(1.0, start, final) == final
