import math

import pytest

import tiny
from tenth.errors import InputError
from tenth.fit import Settings

WRONG = {
    "steps zero": {"steps": 0},
    "steps half": {"steps": 1.5},
    "steps true": {"steps": True},
    "check_every": {"check_every": 0},
    "mask_every": {"mask_every": -1},
    "warm_up": {"warm_up": -1},
    "target NaN": {"target": math.nan},
    "target text": {"target": "0.9"},
    "lr_schedule": {"lr_schedule": "linear"},
    "lr_scale zero": {"lr_scale": 0},
    "lr_scale infinite": {"lr_scale": math.inf},
    "lr_scale NaN": {"lr_scale": math.nan},
    "ema one": {"ema": 1},
    "ema zero": {"ema": 0.0},
    "ema NaN": {"ema": math.nan},
    "save_seconds": {"save_seconds": -1},
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_named(case):
    (name,) = WRONG[case]
    with pytest.raises(InputError, match=f"^{name} must be .* Got "):
        Settings(**WRONG[case])


def test_gaps_are_filled_from_the_task():
    pace = Settings().for_task(tiny.task(steps=3000, target=0.75))
    assert (pace.steps, pace.target, pace.check_every, pace.mask_every) == (3000, 0.75, 150, 30)
    assert (pace.lr_scale, pace.warm_up, pace.ema) == (1.0, 0, None)


def test_a_short_run_looks_at_each_step_and_moves_masks_every_ten():
    pace = Settings().for_task(tiny.task(steps=7))
    assert (pace.check_every, pace.mask_every) == (1, 10)


def test_what_is_said_wins_over_the_task():
    settings = Settings(steps=9, target=0.5, check_every=2, lr_scale=3.0, mask_every=4)
    pace = settings.for_task(tiny.task(steps=3000, target=0.75))
    assert (pace.steps, pace.target, pace.check_every, pace.mask_every) == (9, 0.5, 2, 4)
    assert pace.lr_scale == 3.0


def test_an_infinite_target_turns_that_of_the_task_off():
    assert Settings(target=math.inf).for_task(tiny.task(target=0.75)).target is None
    assert Settings().for_task(tiny.task()).target is None


def test_a_target_above_the_best_score_is_refused():
    shares = tiny.task(best=1.0)
    assert Settings(target=1.0).for_task(shares).target == 1.0
    assert Settings(target=math.inf).for_task(shares).target is None
    assert Settings(target=2.0).for_task(tiny.task()).target == 2.0
    with pytest.raises(InputError, match=r"target must be at most 1, the highest .* Got 2\.0"):
        Settings(target=2.0).for_task(shares)


def test_rates_by_hand():
    settings = Settings(steps=4, lr_schedule="constant", lr_scale=0.5, warm_up=4)
    pace = settings.for_task(tiny.task())
    assert [pace.rate(step) for step in range(1, 5)] == [0.125, 0.25, 0.375, 0.5]
    pace = Settings(steps=4, warm_up=2).for_task(tiny.task())
    rates = [pace.rate(step) for step in range(1, 5)]
    assert rates == pytest.approx([0.5, 0.8535533905932737, 0.5, 0.14644660940672624])


def test_a_longer_run_is_the_same_stretched():
    pace = Settings(steps=10, check_every=3, mask_every=2, warm_up=1).for_task(tiny.task())
    longer = pace.longer(2.0)
    numbers = (longer.steps, longer.check_every, longer.mask_every, longer.warm_up)
    assert numbers == (20, 6, 4, 2)
    assert pace.longer(0.1).check_every == pace.longer(0.1).mask_every == 1
