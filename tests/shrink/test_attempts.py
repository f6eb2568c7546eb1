import math

import pytest
import torch
from torch import nn

import tiny
from tenth.errors import InputError
from tenth.fit import Plan, Settings
from tenth.shrink import attempts as module
from tenth.shrink.attempts import BISECTIONS, Attempts
from tenth.sparsity import GRADUAL, prunable


@pytest.fixture
def exact(monkeypatch):
    """Attempts in which no weight returns: one that does may still be zero at the end."""
    monkeypatch.setattr(module, "METHOD", GRADUAL)


def zeros(model):
    return sum(int((weight == 0).sum()) for weight in prunable(model).values())


def density_of(model):
    return 1 - zeros(model) / 216


def holding(least):
    """A score of 1 for models that keep at least this share of their weights, else of 0."""
    return lambda model, split: float(density_of(model) >= least - 0.003)


def attempts_of(score, *, max_drop=0.1, stages=None, **settings):
    torch.manual_seed(0)
    pace = Settings(**{"steps": 2, "mask_every": 1, **settings}).for_task(tiny.task())
    stages = [] if stages is None else stages
    task = tiny.task(score=score)
    return Attempts(tiny.build(), task, 1.0, max_drop, Plan("", pace, 0), stages)


def test_a_density_that_holds_takes_one_attempt(exact):
    stages = []
    attempts = attempts_of(holding(0.25), stages=stages)
    tried = attempts.at(0.5)
    assert tried.holds
    assert density_of(tried.model) == 0.5
    assert [stage.name for stage in stages] == ["attempt 1: density 0.5, 2 steps"]


def test_a_failure_is_tried_once_more_at_double_length():
    stages = []
    attempts = attempts_of(holding(0.25), stages=stages)
    assert not attempts.at(0.125).holds
    assert [stage.name for stage in stages] == [
        "attempt 1: density 0.125, 2 steps",
        "attempt 2: density 0.125, 4 steps",
    ]
    attempts.at(0.125, again=False)
    assert len(stages) == len(attempts.tried) == 3


@pytest.mark.parametrize("least", [0.75, 0.4, 0.25, 0.06])
def test_the_search_ends_between_what_holds_and_what_fails(exact, least):
    attempts = attempts_of(holding(least))
    found = attempts.smallest()
    held = [tried.density for tried in attempts.tried if tried.holds]
    failed = [tried.density for tried in attempts.tried if not tried.holds]
    if held:
        assert found.density == min(held) >= least
    else:
        assert found is None
    assert max(failed) < least
    if found is not None:  # two bisections of an octave leave a quarter of one, save at the top
        assert found.density / max(failed) <= 2**0.5


def test_a_search_without_end_ends(monkeypatch):
    monkeypatch.setattr(module, "HALVINGS", 3)
    attempts = attempts_of(lambda model, split: 1.0)
    assert attempts.smallest().density == 2.0**-3
    assert len(attempts.tried) == 3


def test_a_search_ends_where_each_layer_has_its_last_weight():
    attempts = attempts_of(lambda model, split: 1.0)
    assert attempts.smallest().density == 2.0**-6  # 3 of 216 weights in 2 layers
    assert len(attempts.tried) == 6


def test_a_model_too_small_to_be_halved_is_refused():
    attempts = attempts_of(lambda model, split: 1.0)
    attempts.model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    with pytest.raises(InputError, match="density must be at least 1 for this model"):
        attempts.smallest()


def test_a_search_in_vain_ends():
    attempts = attempts_of(lambda model, split: 0.0)
    assert attempts.smallest() is None
    assert len(attempts.tried) == 2 + BISECTIONS


def test_each_attempt_goes_on_from_the_last_that_held(exact):
    attempts = attempts_of(lambda model, split: 1.0)
    first = attempts.at(0.5)
    kept = zeros(first.model)
    second = attempts.at(0.25, start=first)
    assert zeros(first.model) == kept == 108
    assert zeros(second.model) == 162
    assert zeros(attempts.model) == 0


def test_an_attempt_that_diverges_is_one_that_failed():
    attempts = attempts_of(lambda model, split: math.nan if zeros(model) > 150 else 0.95)
    assert attempts.at(0.5).holds
    tried = attempts.at(0.25)
    assert (tried.holds, tried.score) == (False, -math.inf)
    assert attempts.best.density == 0.5
    assert len(attempts.stages) == 3


def test_a_drop_is_allowed_to_the_last_bit_of_a_mean():
    attempts = attempts_of(lambda model, split: 1.0 - 0.1, max_drop=0.1)
    assert attempts.at(0.5).holds
    assert not attempts_of(lambda model, split: 0.8999, max_drop=0.1).at(0.5).holds


def test_an_attempt_stops_early_only_at_the_tasks_target():
    steps = []
    attempts = attempts_of(lambda m, s: 0.95, steps=20, check_every=1)
    attempts.on_step = steps.append
    attempts.at(0.5)
    assert steps[-1].step == 20
    attempts = attempts_of(lambda m, s: 0.95, steps=20, check_every=1, target=0.93)
    attempts.on_step = steps.append
    attempts.at(0.5)
    assert (steps[-1].step, steps[-1].density) == (10, 0.5)
