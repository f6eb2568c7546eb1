"""What every route promises, and what each row says."""

from functools import cache

import pytest

import tiny
from runs import names, same, stop_at
from tenth.errors import DivergedError
from tenth.receipt import Receipt
from tenth.sparsity import prunable
from tenth.sparsity.checkpoint import load
from tenth.train import ROUTES, Settings, run

DENSITY = 0.25
WEIGHTS = 6 * 24 + 24 * 3
ROUNDS = ["lottery", "lottery-lr"]
LENGTHS = {"lottery": 1 + 8 * 19, "lottery-lr": 8 * 20}  # 20 steps, but for these
PRUNED = [name for name, route in ROUTES.items() if route.method is not None]


def trained(route, *, seed=3, **options):
    density = None if ROUTES[route].dense else DENSITY
    settings = Settings(steps=20, mask_every=2)
    return run(tiny.task(), route, density=density, settings=settings, seed=seed, **options)


cached = cache(trained)


LONG = ("lottery", "lottery-lr", "synflow", "synflow-shuffled")
MARKED = [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in ROUTES]


@pytest.mark.parametrize("route", MARKED)
def test_every_route_keeps_its_contract(route, tmp_path):
    result = trained(route, out=tmp_path)
    kept = WEIGHTS if ROUTES[route].dense else round(DENSITY * WEIGHTS)
    left = {name: weight.count_nonzero().item() for name, weight in _weights(result).items()}
    assert sum(left.values()) == result.weights == kept
    assert result.density == (DENSITY if route in PRUNED else 1)
    assert (result.route, result.model.training) == (route, False)
    assert result.steps == result.history[-1].step == LENGTHS.get(route, 20)
    assert result.score == tiny.score(result.model, "val")
    assert result.receipt.scores["val"].value == result.score
    assert ROUTES[route].source in result.receipt.notes[-1]
    assert same(result.model, cached(route).model)
    assert not same(result.model, cached(route, seed=4).model)
    stored = load(tmp_path / "model.safetensors")
    for name, weight in _weights(result).items():
        assert (stored[name] == weight.detach().numpy()).all()


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_pays_for_what_it_runs(route):
    receipt = cached(route).receipt
    useful, executed, dense = (
        receipt.total(f"flops_{kind}").value for kind in ("useful", "executed", "dense_equivalent")
    )
    assert executed > 0
    if route in PRUNED:
        assert 0 < useful < executed
    else:
        assert useful == executed == dense


@pytest.mark.parametrize("route", MARKED)
def test_every_route_goes_on_bit_for_bit_after_a_stop(route, tmp_path):
    on_step = stop_at(7, 15)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            trained(route, out=tmp_path, on_step=on_step)
        assert "run.json" not in names(tmp_path)
    resumed, once = trained(route, out=tmp_path, on_step=on_step), cached(route)
    assert same(resumed.model, once.model)
    assert (resumed.score, resumed.steps, resumed.history) == (once.score, once.steps, once.history)
    assert {"model.safetensors", "receipt.json", "run.json"} <= set(names(tmp_path))
    assert not {"parts", "run.pt"} & set(names(tmp_path))
    back = trained(route, out=tmp_path, on_step=stop_at(1))
    assert same(back.model, once.model)
    assert back.history == once.history
    spent = Receipt.load(tmp_path / "receipt.json").total("flops_useful").value
    assert spent == pytest.approx(once.receipt.total("flops_useful").value, rel=1e-9)


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_that_diverges_says_so_and_what_it_cost(route):
    seen = []

    def loss(model, batch):
        seen.append(batch)
        return tiny.loss(model, batch) * (float("nan") if len(seen) > 15 else 1)

    with pytest.raises(DivergedError) as caught:
        run(tiny.task(loss=loss), route, settings=Settings(steps=20, mask_every=2))
    assert caught.value.receipt.total("flops_executed").value > 0


@pytest.mark.parametrize("route", [name for name, row in ROUTES.items() if row.control])
def test_scoring_masks_is_a_stage_and_paid(route):
    stages = {stage.name: stage for stage in cached(route).receipt.stages}
    assert stages["score the masks"].figures["flops_executed"].value > 0


@pytest.mark.parametrize("method", ["snip", "grasp", "synflow"])
def test_a_shuffled_control_keeps_as_much_of_each_layer_elsewhere(method):
    plain, shuffled = (
        {n: w.detach() != 0 for n, w in _weights(cached(name)).items()}
        for name in (method, f"{method}-shuffled")
    )
    assert {n: m.sum() for n, m in plain.items()} == {n: m.sum() for n, m in shuffled.items()}
    assert any(not mask.equal(shuffled[name]) for name, mask in plain.items())


@pytest.mark.parametrize("route", ["rigl", "rigl-itop", "granet"])
def test_gradients_looked_at_to_regrow_are_paid(route):
    growth = cached(route).receipt.total("flops_executed_growth").value
    assert growth > 0
    assert cached("static").receipt.total("flops_executed_growth").value == 0


@pytest.mark.parametrize("route", PRUNED)
def test_the_row_says_whether_the_start_is_sparse(route):
    first = cached(route).history[0].density
    if ROUTES[route].sparse_start:
        assert first <= 0.5
    else:
        assert first > 0.5
    assert ROUTES[route].sparse_start == (route not in ("gradual", "acdc", "early-bird", *ROUNDS))


def test_masks_move_only_where_the_row_says_so():
    masks = {}
    for route in ("static", "set", "rigl"):
        masks[route] = {n: w != 0 for n, w in _weights(cached(route)).items()}
    assert any((masks["static"][n] != masks["set"][n]).any() for n in masks["set"])
    assert any((masks["static"][n] != masks["rigl"][n]).any() for n in masks["rigl"])


def _weights(result):
    return prunable(result.model)
