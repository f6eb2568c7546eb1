from dataclasses import replace

import pytest

from tenth.errors import InputError
from tenth.figures import Figure, counted
from tenth.receipt import BeforeAfter, Run, Stage
from tenth.receipt.export import Facts, export, tally

from .samples import nothing_known, plain


def test_kwh_grams_and_hours_by_hand():
    receipt = plain()
    assert tally.energy_kwh(receipt).value == pytest.approx(2.0)  # 7.2 MJ ÷ 3.6
    assert tally.energy_kwh(receipt).bounds()[1:] == pytest.approx((1.6, 2.4))
    assert tally.carbon_gco2e(receipt).value == pytest.approx(200.0)
    assert tally.device_hours(receipt, Facts()).value == pytest.approx(36.0)
    assert tally.device_hours(receipt, Facts({"devices": 8})).value == pytest.approx(288.0)


def test_100_watts_for_36_seconds_are_one_watt_hour():
    figures = {"energy_joules": Figure(100.0 * 36, "J")}
    assert tally.energy_kwh(plain(stages=[Stage("a", figures)])).value == pytest.approx(0.001)


def test_accelerators_seen_are_the_devices():
    receipt = plain()
    receipt.hardware["accelerators"] = ["nvidia0", "nvidia1"]
    assert tally.devices(receipt, Facts()).value == 2
    assert tally.devices(plain(), Facts()).value == 1


def test_market_carbon_is_unknown_until_a_contract_is_given():
    assert not tally.market_gco2e(plain(), Facts()).known
    given = tally.market_gco2e(plain(), Facts({"market_gco2e_per_kwh": 30}))
    assert given.value == pytest.approx(60.0)
    assert given.label == "modelled"
    hydro = tally.market_gco2e(plain(), Facts({"market_gco2e_per_kwh": 0}))
    assert hydro.value == 0  # a zero that somebody gave
    none = tally.market_gco2e(nothing_known(), Facts({"market_gco2e_per_kwh": 0}))
    assert not none.known


def test_embodied_carbon_by_hand():
    part = {"name": "a", "total_gco2e": 1000.0, "lifespan_hours": 100.0,
            "resources_reserved": 1, "resources_total": 4}  # fmt: skip
    # 1000 g × 36 h ÷ 100 h × 1 ÷ 4, and twice as much for two parts
    assert tally.embodied_gco2e(plain(), Facts({"embodied": [part]})).value == pytest.approx(90)
    two = Facts({"embodied": [part, part], "time_reserved_hours": 40.0})
    assert tally.embodied_gco2e(plain(), two).value == pytest.approx(200)
    assert not tally.embodied_gco2e(plain(), Facts()).known


def test_a_device_of_the_catalogue_stands_in_for_the_parts():
    # 36 hours × 8 devices × 33 g
    made = tally.embodied_gco2e(plain(), Facts({"device": "h100", "devices": 8}))
    assert made.value == pytest.approx(9504)
    assert made.low < made.value < made.high
    assert "EcoLogits" in made.source
    assert not tally.embodied_gco2e(plain(), Facts({"device": "l4"})).known
    with pytest.raises(InputError, match="in the catalogue"):
        tally.embodied_gco2e(plain(), Facts({"device": "h1000000"}))


def test_parameters_are_those_of_the_finished_model():
    assert tally.parameters(plain()).value == 1_500_000
    weights = BeforeAfter("weights", counted(9, "weights", ""), counted(1, "weights", ""))
    assert not tally.parameters(plain(sizes=[weights])).known
    planned = {"parameters": counted(9, "parameters", "")}
    assert tally.parameters(plain(sizes=[weights], plan=planned)).value == 9


@pytest.mark.parametrize("form", ["card", "boamps", "spdx"])
def test_nobody_said_what_training_it_was_so_no_form_does(form):
    filled = export(plain(name="train"), form)
    assert any("nobody said whether it was" in gap.reason for gap in filled.open)
    assert "pre-training" not in str(filled).split("nobody said")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-17T12:00:00+02:00", "2026-09-17 10:00:00+00:00"),
        ("2026-09-17T12:00:00", "2026-09-17 12:00:00+00:00"),
        ("2026-09-17T12:00:00Z", "2026-09-17 12:00:00+00:00"),
        ("yesterday", "None"),
        ("", "None"),
    ],
)
def test_times_are_of_utc(text, expected):
    assert str(tally.moment(text)) == expected


def test_another_receipt_has_another_identifier():
    receipt = plain()
    identity = tally.identity(receipt)
    assert identity == tally.identity(receipt)
    assert identity != tally.identity(replace(receipt, run=Run("another")))
    receipt.title = "another"
    assert identity != tally.identity(receipt)
