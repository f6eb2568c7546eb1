"""What every route promises, and what each row says."""

import pytest

import tiny
from runs import same
from tenth.sparsity import prunable
from tenth.sparsity.checkpoint import load
from tenth.train import ROUTES, Settings, run

DENSITY = 0.25
WEIGHTS = 6 * 24 + 24 * 3
PRUNED = [name for name, route in ROUTES.items() if route.method is not None]


def trained(route, **options):
    density = None if ROUTES[route].dense else DENSITY
    settings = Settings(steps=20, mask_every=2)
    return run(tiny.task(), route, density=density, settings=settings, **options)


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_keeps_its_contract(route, tmp_path):
    result = trained(route, seed=3, out=tmp_path)
    kept = WEIGHTS if ROUTES[route].dense else round(DENSITY * WEIGHTS)
    left = {name: weight.count_nonzero().item() for name, weight in _weights(result).items()}
    assert sum(left.values()) == result.weights == kept
    assert result.density == (DENSITY if route in PRUNED else 1)
    assert (result.route, result.steps, result.model.training) == (route, 20, False)
    assert result.score == tiny.score(result.model, "val")
    assert result.receipt.scores["val"].value == result.score
    assert ROUTES[route].source in result.receipt.notes[-1]
    assert same(result.model, trained(route, seed=3).model)
    assert not same(result.model, trained(route, seed=4).model)
    stored = load(tmp_path / "model.safetensors")
    for name, weight in _weights(result).items():
        assert (stored[name] == weight.detach().numpy()).all()


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_pays_for_what_it_runs(route):
    receipt = trained(route).receipt
    useful, executed, dense = (
        receipt.total(f"flops_{kind}").value for kind in ("useful", "executed", "dense_equivalent")
    )
    assert executed > 0
    if route in PRUNED:
        assert 0 < useful < executed
    else:
        assert useful == executed == dense


@pytest.mark.parametrize("route", ["rigl", "granet"])
def test_gradients_looked_at_to_regrow_are_paid(route):
    growth = trained(route).receipt.total("flops_executed_growth").value
    assert growth > 0
    assert trained("static").receipt.total("flops_executed_growth").value == 0


@pytest.mark.parametrize("route", PRUNED)
def test_the_row_says_whether_the_start_is_sparse(route):
    first = trained(route).history[0].density
    if ROUTES[route].sparse_start:
        assert first <= 0.5
    else:
        assert first > 0.5
    assert ROUTES[route].sparse_start == (route != "gradual")


def test_masks_move_only_where_the_row_says_so():
    masks = {}
    for route in ("static", "set", "rigl"):
        masks[route] = {n: w != 0 for n, w in _weights(trained(route, seed=1)).items()}
    assert any((masks["static"][n] != masks["set"][n]).any() for n in masks["set"])
    assert any((masks["static"][n] != masks["rigl"][n]).any() for n in masks["rigl"])


def _weights(result):
    return prunable(result.model)
