"""What every form keeps to, whichever the receipt."""

import json

import pytest

from tenth.catalogue import CREDIT
from tenth.errors import InputError
from tenth.receipt import Aim, Receipt
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
    "title", ["", "=1+1", 'a "quote" | <script>\n---\nemissions: 0', "الحياة", "x" * 10_000]
)
def test_any_title_is_held(form, title):
    filled = export(plain(title=title), form, ALL_FACTS)
    assert str(filled).endswith("\n")
    if filled.suffix.endswith("json"):
        json.loads(str(filled))


@forms
def test_a_receipt_of_this_machine_can_be_filed(form):
    assert export(Receipt("mine", Aim("digits")), form).form == form


def test_no_other_form():
    with pytest.raises(InputError, match="one of sci, ghg"):
        export(plain(), "iso")


def test_complete_means_no_required_field_is_open():
    assert Filled("a", {}, (Open("b", "nobody said"),)).complete
    assert not Filled("a", {}, (Open("b", "nobody said", required=True),)).complete
    assert str(Open("b", "nobody said", required=True)) == "b (required): nobody said"
