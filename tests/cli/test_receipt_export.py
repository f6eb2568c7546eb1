"""`tenth receipt export` as a user meets it."""

import json

import pytest
from typer.testing import CliRunner

from receipt.export.samples import ALL_FACTS, plain
from tenth.cli.receipt import app
from tenth.errors import InputError
from tenth.receipt.export import FORMS, export

from .test_commands import sentence, tenth


def filled(*words):
    """What the command prints, in this process: a new one for each call is slow."""
    return CliRunner().invoke(app, ["export", *map(str, words)])


@pytest.fixture
def receipt(tmp_path):
    path = tmp_path / "receipt.json"
    plain().save(path)
    return path


def test_a_form_on_standard_output_and_what_is_open_on_the_other(receipt):
    run = filled(receipt, "--form", "ghg")
    assert run.exit_code == 0
    assert json.loads(run.stdout)["lines"][0]["kwh"] == pytest.approx(2.0)
    # fields that are open for one reason stand together
    fields = (
        "lines.location.scope (required), lines.market.scope (required), lines.hardware.category"
    )
    assert f"open: {fields}: nobody said" in run.stderr


def test_facts_from_a_file_and_the_form_into_one(receipt, tmp_path):
    facts, out = tmp_path / "facts.json", tmp_path / "form.json"
    facts.write_text(json.dumps(ALL_FACTS))
    run = filled(receipt, "--form", "sci", "--facts", facts, "-o", out)
    assert run.exit_code == 0
    assert run.stdout == f"{out}\n"
    assert json.loads(out.read_text())["score_gco2e_per_R"] == pytest.approx(373.6, abs=0.1)


def test_json_holds_form_and_gaps(receipt):
    run = filled(receipt, "--form", "csv", "--json")
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
    run = filled(receipt, "--form", "ghg", "--facts", facts)
    assert isinstance(run.exception, InputError)
    assert "Did you mean rented?" in str(run.exception)
    run = filled(tmp_path / "none.json", "--form", "sci")
    assert isinstance(run.exception, InputError)
    assert "cannot be read" in str(run.exception)


def test_help_names_every_form():
    text = filled("--help").stdout
    assert all(form in text for form in FORMS)


def test_the_command_and_the_function_agree(receipt):
    from tenth.receipt import Receipt

    run = filled(receipt, "--form", "card")
    assert run.stdout == str(export(Receipt.load(receipt), "card"))
