"""What every form keeps to, whichever the receipt."""

import json
import random

import pytest

from tenth.catalogue import CREDIT
from tenth.errors import InputError
from tenth.figures import LABELS, Figure, unknown
from tenth.receipt import Aim, Receipt, Stage
from tenth.receipt.export import FORMS, Filled, Open, export

from ..samples import life
from .samples import ALL_FACTS, nothing_known, plain

forms = pytest.mark.parametrize("form", FORMS)


def numbers(content):
    """Each number of a form, under whatever name."""
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        return [number for part in content for number in numbers(part)]
    return [content] if isinstance(content, int | float) else []


@forms
def test_label_interval_and_source_of_energy_stand_in_the_form(form):
    text = str(export(plain(), form))
    assert "modelled" in text
    assert "CPU-seconds × watts" in text
    interval = {
        "eu": "0.0016 MWh to 0.0024 MWh",
        "csv": "kWh,1.6,2.4,modelled",
        "card": "1.6 – 2.4 kWh",
    }
    assert interval.get(form, "1.6 kWh to 2.4 kWh") in text


@forms
def test_the_table_of_carbon_factors_gets_its_credit(form):
    text = str(export(plain(), form))
    assert CREDIT in text or form == "eu"  # that form asks nothing of carbon


@forms
def test_what_no_sensor_saw_is_open_with_its_reason_and_never_zero(form):
    filled = export(nothing_known(), form)
    reasons = [gap.reason for gap in filled.open]
    assert any("no sensor for" in reason for reason in reasons)
    assert all(reasons)
    assert 0 not in [number for number in numbers(filled.content) if number is not False]
    if form not in ("csv", "dict"):
        assert not filled.complete


@forms
def test_a_receipt_without_stages_is_no_free_run(form):
    filled = export(plain(stages=[]), form)
    assert 0 not in [number for number in numbers(filled.content) if number is not False]
    if form != "csv":
        assert any("no stage" in gap.reason for gap in filled.open)


@forms
def test_the_same_receipt_gives_the_same_form(form):
    receipt = life("FRA")
    assert str(export(receipt, form)) == str(export(receipt, form))


@forms
def test_all_facts_given_close_every_required_field(form):
    assert export(plain(), form, ALL_FACTS).complete


@forms
def test_what_is_saved_is_the_form_as_printed(form, tmp_path):
    filled = export(plain(), form)
    filled.save(tmp_path / f"form{filled.suffix}")
    assert (tmp_path / f"form{filled.suffix}").read_bytes() == str(filled).encode()
    assert json.loads(json.dumps(filled.to_json()))["form"] == form
    if filled.suffix.endswith("json"):
        assert json.loads(str(filled)) == filled.content


@forms
@pytest.mark.parametrize(
    "title",
    ["", "\ud800", "=1+1", 'a "quote" | <script>\n---\nemissions: 0', "الحياة", "x" * 10_000],
)
def test_any_title_is_held(form, title):
    filled = export(plain(title=title), form, ALL_FACTS)
    assert str(filled).endswith("\n")
    if filled.suffix.endswith("json"):
        json.loads(str(filled))


@forms
def test_a_receipt_of_this_machine_can_be_filed(form):
    assert export(Receipt("mine", Aim("digits")), form).form == form


_NUMBERS = [0.0, -0.0, 1e-30, 1e-9, 1, 3.5, 1e18, 1e30]
_WORDS = [
    "",
    "a",
    "|",
    "\n",
    "=1",
    "\x00",
    "\ud800",
    "🎉",
    '"',
    "\\",
    "\u2028",
    "\ufeff",
    "x" * 6000,
]
_UNITS = {
    "wall_seconds": "s",
    "flops_executed": "FLOP",
    "energy_joules": "J",
    "energy_joules_processor": "J",
    "carbon_gco2e": "gCO2e",
    "price_usd": "USD",
    "odd one": "x",
}


def odd_figure(draw, unit):
    if draw.random() < 0.25:
        return unknown(unit, draw.choice(_WORDS) or "no reason")
    value = draw.choice(_NUMBERS)
    low, high = (draw.choice([0, 0.05, 0.5]) * abs(value) for _ in range(2))
    return Figure(value, unit, value - low, value + high, draw.choice(LABELS), draw.choice(_WORDS))


def odd_receipt(draw):
    stages = [
        Stage(
            draw.choice(_WORDS),
            {name: odd_figure(draw, unit) for name, unit in _UNITS.items() if draw.random() < 0.8},
            notes={"started": draw.choice([*_WORDS, "2026-01-01T00:00:00"])},
        )
        for _ in range(draw.randint(0, 3))
    ]
    scores = {draw.choice(_WORDS): odd_figure(draw, "") for _ in range(draw.randint(0, 3))}
    receipt = plain(title=draw.choice(_WORDS), stages=stages, scores=scores)
    receipt.created = draw.choice([*_WORDS, "2026-01-01T00:00:00"])
    receipt.hardware["cpu"] = draw.choice(_WORDS)
    receipt.hardware["accelerators"] = [draw.choice(_WORDS) for _ in range(draw.randint(0, 3))]
    return receipt


@pytest.mark.parametrize("seed", range(50))
def test_any_receipt_can_be_filed(seed, tmp_path):
    draw = random.Random(seed)
    receipt = odd_receipt(draw)
    facts = {name: value for name, value in ALL_FACTS.items() if draw.random() < 0.5}
    for form in FORMS:
        filled = export(receipt, form, facts)
        filled.save(tmp_path / form)
        json.dumps(filled.to_json(), allow_nan=False)
        assert all(gap.field and gap.reason for gap in filled.open)


@forms
def test_a_receipt_exports_itself(form):
    receipt = plain()
    assert receipt.export(form, ALL_FACTS) == export(receipt, form, ALL_FACTS)


def test_no_other_form():
    with pytest.raises(InputError, match="one of sci, ghg"):
        export(plain(), "iso")


def test_complete_means_no_required_field_is_open():
    assert Filled("a", {}, (Open("b", "nobody said"),)).complete
    assert not Filled("a", {}, (Open("b", "nobody said", required=True),)).complete
    assert str(Open("b", "nobody said", required=True)) == "b (required): nobody said"
