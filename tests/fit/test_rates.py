import pytest

from tenth.fit.rates import RATES

BY_HAND = {
    "constant": [1, 1, 1, 1],
    "cosine": [1, 0.8535533905932737, 0.5, 0.14644660940672624],  # (1 + cos(k π / 4)) / 2
}


def test_every_schedule_has_numbers_computed_by_hand():
    assert set(RATES) == set(BY_HAND)


@pytest.mark.parametrize("name", RATES)
def test_four_steps(name):
    assert [RATES[name](step, 4) for step in range(4)] == pytest.approx(BY_HAND[name])


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_rates_begin_whole_and_never_rise_or_vanish(name, steps):
    rates = [RATES[name](step, steps) for step in range(steps)]
    assert rates[0] == 1
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0
