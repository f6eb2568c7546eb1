import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.catalogue import devices
from tenth.errors import InputError
from tenth.plan import Assumptions, estimate

KEYS = (
    "parameters",
    "training_flops",
    "memory_bytes",
    "device_hours",
    "days",
    "energy_kwh",
    "carbon_kgco2e",
    "price_usd",
)
SIZE = {"params": 7e9, "tokens": 2e12, "device": "h100", "count": 64}


def test_every_figure_by_hand():
    figures = estimate(**SIZE, place="FRA").figures
    hours = 6 * 7e9 * 2e12 / (989.4e12 * 0.28 * 3600)
    intensity = 56.039
    assert figures["parameters"].value == 7e9
    assert figures["training_flops"].value == pytest.approx(8.4e22)
    assert figures["memory_bytes"].value == pytest.approx(7e9 * (4 + 12 / 64))
    assert figures["device_hours"].value == pytest.approx(hours)
    assert figures["days"].value == pytest.approx(hours / 24 / 64)
    assert figures["energy_kwh"].value == pytest.approx(hours * 0.970 * 1.56)
    assert figures["carbon_kgco2e"].value == pytest.approx(
        hours * 0.970 * 1.56 * intensity / 1000, rel=1e-3
    )
    assert figures["price_usd"].value == pytest.approx(hours * 3.49)


def test_the_intervals_by_hand():
    figures = estimate(**SIZE, place="FRA").figures
    value, low, high = figures["device_hours"].bounds()
    assert (value / low, high / value) == pytest.approx((1.80, 1.80))
    value, low, high = figures["energy_kwh"].bounds()
    spread = math.exp(math.hypot(math.log(1.8), 1.645 * math.log(1.12), 1.645 * math.log(1.1)))
    assert (value / low, high / value) == pytest.approx((spread, spread))
    value, low, high = figures["carbon_kgco2e"].bounds()
    assert 1.9 < high / value < 2.4  # unmetered carbon is known to about a factor of two


@pytest.mark.parametrize("device", devices.all(), ids=lambda d: d.name)
def test_every_device_makes_a_whole_plan(device):
    plan = estimate(params=1e9, tokens=1e10, device=device.name, place="DEU")
    assert set(KEYS) <= set(plan.figures)
    for figure in plan.figures.values():
        if figure.value is None:
            assert figure.reason
        else:
            assert figure.source
            assert figure.low <= figure.value <= figure.high
            assert figure.value > 0
    json.dumps(plan.to_json(), allow_nan=False)
    assert str(plan)


def test_without_a_place_there_is_no_carbon_and_the_span_is_offered():
    plan = estimate(**SIZE)
    carbon = plan.figures["carbon_kgco2e"]
    assert carbon.value is None
    assert "no place was given" in carbon.reason
    assert "in Lesotho to" in carbon.reason
    assert "no place given" in plan.title
    json.dumps(plan.to_json(), allow_nan=False)
    assert carbon.reason in str(plan)


def test_money_is_told_by_tier_with_dated_rows():
    figures = estimate(**SIZE).figures
    hours = figures["device_hours"].value
    for tier, usd in (("low", 2.69), ("typical", 3.49), ("hyperscaler", 6.88)):
        assert figures[f"price_usd_{tier}"].value == pytest.approx(hours * usd)
        assert f"table: {tier}" in figures[f"price_usd_{tier}"].source
    assert "price_usd_low" not in estimate(**SIZE, assume=Assumptions(tier="low")).figures


def test_an_old_price_has_a_note():
    plan = estimate(**{**SIZE, "device": "tpu-v3"})
    assert any("over a year old" in note for note in plan.notes)
    assert not any("over a year old" in note for note in estimate(**SIZE).notes)


def test_carbon_of_making_the_hardware_stands_beside():
    figures = estimate(**SIZE).figures
    hours = figures["device_hours"].value
    assert figures["carbon_embodied_kgco2e"].value == pytest.approx(hours * 0.033)
    unknown = estimate(**{**SIZE, "device": "tpu-v4"}).figures["carbon_embodied_kgco2e"]
    assert unknown.value is None
    assert "tpu-v4" in unknown.reason


def test_a_place_without_data_has_no_carbon_and_a_reason():
    carbon = estimate(**SIZE, place="Central African Republic").figures["carbon_kgco2e"]
    assert carbon.value is None
    assert "holds no value" in carbon.reason


def test_without_a_device_it_is_this_machine():
    plan = estimate(params=1e6, tokens=1e6)
    assert plan.inputs["device"] == "here"
    assert "fp32-adam" in plan.figures["memory_bytes"].source


def test_an_unknown_count_has_hours_and_no_days():
    figures = estimate(params=7e9, tokens=2e12, device="h100", count=None).figures
    assert figures["device_hours"].known
    assert figures["days"].value is None


def test_a_mixture_pays_for_its_active_parameters():
    dense = estimate(**SIZE).figures
    mixture = estimate(**SIZE, assume=Assumptions(active_parameters=7e8)).figures
    assert mixture["training_flops"].value == pytest.approx(dense["training_flops"].value / 10)
    ratio = mixture["device_hours"].value / dense["device_hours"].value
    assert ratio == pytest.approx(0.1 / 0.8)
    assert mixture["memory_bytes"] == dense["memory_bytes"]


def test_recomputation_executes_more_and_takes_as_much_longer():
    plan = estimate(**SIZE, assume=Assumptions(recompute=True))
    figures, plain = plan.figures, estimate(**SIZE).figures
    assert figures["training_flops"].value == pytest.approx(8 * 7e9 * 2e12)
    assert figures["training_flops_useful"].value == pytest.approx(8.4e22)
    hours, once = (each["device_hours"].bounds() for each in (figures, plain))
    assert hours[0] == pytest.approx(once[0] * 4 / 3)
    # a published MFU may have the loss in it: the lower end is of that, and some more
    assert 1 < hours[1] / once[1] < 4 / 3
    assert figures["price_usd"].value == pytest.approx(plain["price_usd"].value * 4 / 3)
    assert "× 1.33 computed again" in plan.explain()
    assert "training_flops_useful" in str(plan)


def test_an_mfu_that_was_measured_has_what_is_computed_again_in_it():
    plain = estimate(**SIZE, assume=Assumptions(mfu=0.4))
    again = estimate(**SIZE, assume=Assumptions(mfu=0.4, recompute=True))
    assert again.figures["device_hours"] == plain.figures["device_hours"]
    assert "the hours do not grow" in str(again)
    assert "do not grow" not in str(plain)


def test_what_the_user_knows_replaces_the_default():
    assume = Assumptions(mfu=0.5, price_usd_per_hour=1.0, pue=1.1, strategy="zero-3")
    figures = estimate(**SIZE, assume=assume).figures
    hours = 8.4e22 / (989.4e12 * 0.5 * 0.85 * 3600)
    assert figures["device_hours"].value == pytest.approx(hours)
    assert figures["price_usd"].value == pytest.approx(hours)
    assert figures["energy_kwh"].value == pytest.approx(hours * 0.97 * 1.1)
    assert figures["memory_bytes"].source.startswith("zero-3")


def test_zeros_earn_only_where_rows_are_gone():
    dense = estimate(**SIZE).figures
    for zeros, share in (("unstructured", 1), ("channel", 0.25)):
        plan = estimate(**SIZE, assume=Assumptions(density=0.25, zeros=zeros))
        figures = plan.figures
        assert any(zeros in note for note in plan.notes)
        for name in ("training_flops", "device_hours"):
            assert figures[name].value == pytest.approx(share * dense[name].value)
        useful = figures["training_flops_useful"].value
        assert useful == pytest.approx(0.25 * dense["training_flops"].value)
        twin = figures["training_flops_dense_equivalent"].value
        assert twin == dense["training_flops"].value


def test_memory_has_a_verdict():
    assert any("Memory: fits" in note for note in estimate(**SIZE).notes)
    too_big = estimate(params=7e10, tokens=1e12, device="h100", count=1)
    assert any("Memory: does not fit" in note for note in too_big.notes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"params": 0}, "params must be a finite number above 0"),
        ({"params": math.nan}, "params must be"),
        ({"params": "7e9"}, "params must be a number"),
        ({"tokens": -1}, "tokens must be a finite number above 0. Got -1.0. Such as 2e12."),
        ({"tokens": math.inf}, "tokens must be"),
        ({"count": 0}, "count must be a whole number"),
        ({"count": 1.5}, "count must be"),
        ({"device": "h1000"}, "device must be in the catalogue"),
        ({"place": "Atlantis"}, "place must be in the catalogue"),
        ({"assume": Assumptions(active_parameters=8e9)}, "active_parameters must be at most"),
        ({"assume": Assumptions(active_parameters=0)}, "active_parameters must be"),
        ({"assume": Assumptions(strategy="hope")}, "strategy must be"),
        ({"assume": Assumptions(tier="free")}, "price tier must be"),
        ({"assume": Assumptions(precision="int1")}, "precision must be"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(change, words):
    with pytest.raises(InputError, match=words):
        estimate(**{**SIZE, **change})


def test_a_dense_model_that_says_so_is_no_mixture():
    figures = estimate(**SIZE, assume=Assumptions(active_parameters=7e9)).figures
    assert figures["device_hours"] == estimate(**SIZE).figures["device_hours"]


def test_numbers_of_numpy_are_numbers():
    plan = estimate(
        params=np.int64(7e9), tokens=np.float32(2e12), device="h100", count=np.int64(64)
    )
    json.dumps(plan.to_json(), allow_nan=False)


@given(st.floats(1e9, 1e13), st.floats(1e3, 1e14), st.integers(1, 7))
def test_hours_grow_with_the_work_and_days_shrink_with_devices(params, tokens, count):
    def planned(tokens, count):
        figures = estimate(params=params, tokens=tokens, device="h100", count=count).figures
        return figures["device_hours"].value, figures["days"].value

    hours, days = planned(tokens, count)
    assert planned(2 * tokens, count) == pytest.approx((2 * hours, 2 * days))
    assert planned(tokens, count + 1) == pytest.approx((hours, days * count / (count + 1)))


def test_huge_sizes_stay_finite_in_words_and_json():
    plan = estimate(params=1e15, tokens=1e18, device="h100", count=1)
    json.dumps(plan.to_json(), allow_nan=False)
    assert "FLOP" in str(plan)
