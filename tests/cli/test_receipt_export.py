"""`tenth receipt export` as a user meets it."""

import json

import pytest

from receipt.export.samples import ALL_FACTS, plain
from tenth.receipt.export import FORMS, export

from .test_commands import sentence, tenth


@pytest.fixture
def receipt(tmp_path):
    path = tmp_path / "receipt.json"
    plain().save(path)
    return path


def test_a_form_on_standard_output_and_what_is_open_on_the_other(receipt):
    run = tenth("receipt", "export", receipt, "--form", "ghg")
    assert run.returncode == 0
    assert json.loads(run.stdout)["lines"][0]["kwh"] == pytest.approx(2.0)
    # fields that are open for one reason stand together
    fields = (
        "lines.location.scope (required), lines.market.scope (required), lines.hardware.category"
    )
    assert f"open: {fields}: nobody said" in run.stderr


def test_facts_from_a_file_and_the_form_into_one(receipt, tmp_path):
    facts, out = tmp_path / "facts.json", tmp_path / "form.json"
    facts.write_text(json.dumps(ALL_FACTS))
    run = tenth("receipt", "export", receipt, "--form", "sci", "--facts", facts, "-o", out)
    assert run.returncode == 0
    assert run.stdout == f"{out}\n"
    assert json.loads(out.read_text())["score_gco2e_per_R"] == pytest.approx(373.6, abs=0.1)


def test_json_holds_form_and_gaps(receipt):
    run = tenth("receipt", "export", receipt, "--form", "csv", "--json")
    form = json.loads(run.stdout)
    assert form["form"] == "csv"
    assert form["open"][0]["reason"]
    assert run.stderr == ""


def test_wrong_calls_are_one_sentence(receipt, tmp_path):
    run = tenth("receipt", "export", receipt, "--form", "iso")
    assert run.returncode == 2
    assert "form must be one of sci" in sentence(run)
    facts = tmp_path / "facts.json"
    facts.write_text('{"rentd": true}')
    run = tenth("receipt", "export", receipt, "--form", "ghg", "--facts", facts)
    assert run.returncode == 2
    assert "Did you mean rented?" in sentence(run)
    run = tenth("receipt", "export", tmp_path / "none.json", "--form", "sci")
    assert run.returncode == 2
    assert "cannot be read" in sentence(run)


def test_help_names_every_form():
    text = tenth("receipt", "export", "--help").stdout
    assert all(form in text for form in FORMS)


def test_the_command_and_the_function_agree(receipt):
    from tenth.receipt import Receipt

    run = tenth("receipt", "export", receipt, "--form", "card")
    assert run.stdout == str(export(Receipt.load(receipt), "card"))
