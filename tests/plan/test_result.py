import json
from dataclasses import replace

import pytest

from tenth.figures import Figure
from tenth.plan import estimate
from tenth.plan.result import FORMAT, Plan, shown, span

PLAN = estimate(params=7e9, tokens=2e12, device="h100", count=64, place="FRA")


def test_the_table_is_aligned_and_has_five_columns():
    _, _, head, *rest = str(PLAN).splitlines()
    rows = rest[: rest.index("")]
    assert head.split() == ["figure", "value", "90", "%", "interval", "label", "source"]
    for column in ("value", "90 %", "label", "source"):
        at = head.index(column)
        assert all(row[at - 2 : at] == "  " and row[at] != " " for row in rows)


def test_kinds_of_flops_that_are_equal_are_told_once():
    assert str(PLAN).count("training_flops") == 1
    assert "training_flops_useful" in PLAN.figures


def test_unknown_figures_are_printed_with_their_reason():
    figures = {
        "training_flops": Figure(1.0, "FLOP", label="counted", source="graph"),
        "price_usd": Figure(None, "USD", reason="nobody rents it out"),
    }
    text = str(Plan("plan", figures, {"a": "b"}, {}))
    assert "unknown" in text
    assert "nobody rents it out" in text


def test_json_is_whole_and_plain():
    form = json.loads(json.dumps(PLAN.to_json(), allow_nan=False))
    assert form["format"] == FORMAT
    assert set(form["figures"]["price_usd"]) == {"value", "unit", "low", "high", "label", "source"}
    assert form["inputs"]["place"] == "FRA"
    assert form["notes"]


def test_explain_has_the_numbers_in_the_formulas():
    text = PLAN.explain()
    assert "8.4e+22 FLOP ÷ (9.894e+14 FLOP/s × 0.28 × 3600)" in text
    assert "× 970 W × 1.56 ÷ 1000" in text
    assert "56.04 gCO2e/kWh" in text
    assert set(PLAN.steps) <= set(PLAN.figures)


def test_planned_numbers_have_two_digits():
    assert shown(84123, "h") == "84,000 h"
    assert shown(0.0123, "kWh") == "12 Wh"
    assert shown(8.4321e22, "FLOP") == "8.4e+22 FLOP"
    assert shown(0.0123, "h") == "44 s"
    assert shown(0.001, "days") == "86 s"
    assert shown(6.6e-5, "kgCO2e") == "66 mgCO2e"


def test_devices_are_whole_and_small_money_is_in_dollars():
    assert (shown(1, "devices"), shown(512, "devices")) == ("1 device", "512 devices")
    assert shown(0.2134, "USD") == "0.21 USD"
    plan = estimate(params=1e11, tokens=2e12, device="h100", count=64)
    assert "64 devices" in str(plan)


def test_a_small_sum_of_money_has_no_power_of_ten():
    sums = {2.4e-5: "0.000024 USD", 7.1e-4: "0.00071 USD", 0.996: "1 USD", 1e-6: "0.000001 USD",
            0.1 + 0.2: "0.3 USD", 3.9e-10: "less than 0.000001 USD", 0.0: "0 USD"}  # fmt: skip
    assert {value: shown(value, "USD") for value in sums} == sums
    tiny = Figure(3.9e-10, "USD", 1.9e-10, 2.45e-5, "estimated")
    assert span(tiny) == ("less than 0.000001 USD", "0 USD", "0.000025 USD")
    assert span(replace(tiny, high=4e-10))[2] == "0.000001 USD"
    assert "e-" not in str(estimate(params=1e4, tokens=1e3, device="h100")).partition("price")[2]


def test_what_is_unknown_has_no_label_and_its_reason():
    row = next(
        line for line in str(estimate(params=1e9, tokens=1e9)).splitlines() if "carbon_k" in line
    )
    assert row.split()[1:4] == ["unknown", "-", "-"]
    assert "no place was given" in row


def test_a_time_is_rounded_once_and_told_in_one_unit():
    days = Figure(0.43868, "days", 0.2, 1.31, "estimated")  # 10.53 h
    assert shown(0.43868, "days") == "11 h"
    assert span(days) == ("11 h", "4.8 h", "32 h")
    row = str(Plan("plan", {"days": days}, {"a": "b"}, {})).splitlines()[3]
    assert row.split()[:6] == ["time", "11", "h", "4.8", "h", "to"]
    later = str(Plan("plan", {"days": Figure(3.0, "days")}, {"a": "b"}, {}))
    assert later.splitlines()[3].startswith("days ")


def test_ends_of_an_interval_are_rounded_outwards():
    assert span(Figure(700.0, "USD", 549.0, 1043.0)) == ("700 USD", "540 USD", "1100 USD")
    assert span(Figure(50.0, "kgCO2e", 20.9, 104.7))[2] == "110 kgCO2e"
    assert span(Figure(3e20, "FLOP", 2.91e20, 3.01e20))[1:] == ("2.9e+20 FLOP", "3.1e+20 FLOP")
    exact = Figure(1043.0, "USD")
    assert span(exact) == ("1000 USD",) * 3


@pytest.mark.parametrize("figure", PLAN.figures.values(), ids=PLAN.figures.keys())
def test_the_interval_that_is_printed_holds_the_one_that_was_computed(figure):
    _, low, high = span(figure)
    if figure.low == figure.high or not low[0].isdigit():
        return
    scale = {"kFLOP": 1e3, "GB": 1e9, "Wh": 1e-3}

    def number(text):
        digits, _, unit = text.partition(" ")
        return float(digits.replace(",", "")) * scale.get(unit, 1.0)

    assert number(low) <= figure.low
    assert number(high) >= figure.high
