"""The commands on receipts, as a user types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from receipt.samples import life
from tenth.cli.receipt import app as receipts
from tenth.errors import FormatError, InputError
from tenth.receipt import Meter, Receipt

ROOT = Path(__file__).parents[2]
COMMANDS = {"origin", "validate", "add", "payback", "what-if", "compare", "show", "html"}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "receipt.json"
    life("FRA").save(path)
    return path


def tenth(*words):
    return CliRunner().invoke(receipts, [str(word) for word in words])


def test_each_command_has_help():
    told = tenth("--help").stdout
    for command in COMMANDS:
        assert command in told
        assert tenth(command, "--help").exit_code == 0


def test_the_list_of_commands_is_told_in_whole_sentences():
    assert "..." not in tenth("--help").stdout.partition("Commands:")[2]


def test_an_origin_without_a_name_says_how_to_give_one(saved):
    assert "--name" in str(tenth("origin", saved).exception)


def test_a_use_is_judged_by_what_stands_before_and_after():
    assert "{BEFORE} {AFTER}" in tenth("judge", "--help").stdout


def test_show_says_which_way_the_ratio_to_the_plan_goes(saved):
    assert "planned ÷ came to" in tenth("show", saved).stdout


def test_validate_says_sound_or_names_the_edit(saved):
    run = tenth("validate", saved)
    assert run.exit_code == 0
    assert "sound (" in run.stdout
    saved.write_text(saved.read_text().replace('"value": 11.8', '"value": 1.18', 1))
    run = tenth("validate", saved, "--json")
    assert run.exit_code == 1
    (verdict,) = json.loads(run.stdout)["receipts"]
    assert not verdict["sound"]
    assert verdict["findings"][0]["what"].startswith("stages[2] (shrink)")


@pytest.fixture
def edited(saved):
    form = json.loads(saved.read_text())
    form["stages"][2]["figures"]["energy_joules"]["value"] *= 0.7  # inside its interval
    saved.write_text(json.dumps(form))
    return saved


@pytest.mark.parametrize(
    "words", [("export", "--form", "sci"), ("export", "--form", "ghg"), ("compare",)]
)
def test_an_edited_receipt_is_handed_on_by_request_only(edited, words):
    name, *rest = words
    run = tenth(name, edited, *rest)
    assert isinstance(run.exception, FormatError)
    assert "stages[2] (shrink) is not what was sealed" in str(run.exception)
    run = tenth(name, edited, *rest, "--anyway")
    assert run.exit_code == 0, run.output
    assert "not as it was sealed: stages[2] (shrink)" in run.stderr


def test_an_edited_baseline_is_refused_and_has_no_ratio(edited, tmp_path):
    life("FRA").save(tmp_path / "whole.json")
    for words in (("compare", tmp_path / "whole.json", edited), ("compare", edited, edited)):
        assert "as it was sealed" in str(tenth(*words).exception)
    found = tenth("compare", tmp_path / "whole.json", edited, "--anyway", "--json")
    form = json.loads(found.stdout)
    assert not any(row["ratio"]["value"] for row in form["rows"])
    assert "not as it was sealed" in " ".join(form["notes"])
    run = tenth("html", tmp_path / "whole.json", "--against", edited, "--out", tmp_path / "r.html")
    assert isinstance(run.exception, FormatError)


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_an_edited_receipt_says_so_at_its_top(edited, tmp_path, lang):
    said = "stages[2] (shrink) is not what was sealed"
    assert said in " ".join(tenth("show", edited, "--lang", lang).stdout.split())
    assert tenth("html", edited, "--lang", lang, "--out", tmp_path / "r.html").exit_code == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page.index(said) < page.index("<h2")
    assert json.loads(edited.read_text())["chain"][-1]["sha256"] not in page


def test_estimates_from_an_edited_receipt_say_so(edited):
    for words in (("payback", edited), ("what-if", edited, "--place", "POL")):
        run = tenth(*words)
        assert run.exit_code == 0
        assert "not as it was sealed" in run.stderr


def test_the_last_link_of_the_page_is_that_of_the_file(saved, tmp_path):
    link = json.loads(saved.read_text())["chain"][-1]["sha256"]
    tenth("html", saved, "--out", tmp_path / "r.html")
    assert link in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert f"last link: {link}" in tenth("validate", saved).stdout


def test_a_receipt_of_version_1_says_that_it_has_no_chain(tmp_path):
    old = ROOT / "tests" / "receipt" / "receipt-1.json"
    assert "version 1 has no hash chain" in tenth("show", old).stdout
    run = tenth("export", old, "--form", "csv")
    assert run.exit_code == 0
    assert "version 1 has no hash chain" in run.stderr
    tenth("html", old, "--out", tmp_path / "r.html")
    assert "version 1 has no hash chain" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [("show",), ("validate",), ("export", "--form", "csv")])
def test_a_folder_of_a_run_stands_for_its_receipt(saved, words):
    name, *rest = words
    assert (
        tenth(name, saved.parent, *rest).stdout.replace(f"{saved.parent}: ", f"{saved}: ")
        == tenth(name, saved, *rest).stdout
    )
    saved.unlink()
    assert "receipt.json cannot be read" in str(tenth("show", saved.parent).exception)


def test_the_page_of_a_folder_lies_in_it(saved):
    assert tenth("html", saved.parent).exit_code == 0
    assert saved.with_suffix(".html").exists()


def test_what_cannot_be_read_costs_no_other_verdict(edited, tmp_path):
    life().save(tmp_path / "whole.json")
    run = tenth("validate", tmp_path / "none.json", edited, tmp_path / "whole.json")
    assert run.exit_code == 2
    assert "none.json cannot be read" in run.stdout
    assert "stages[2] (shrink) is not what was sealed" in run.stdout
    assert "whole.json: sound (" in run.stdout
    assert tenth("validate", edited, tmp_path / "whole.json").exit_code == 1


def test_add_leaves_out_what_is_no_receipt(saved):
    (saved.parent / "run.json").write_text("{}")
    run = tenth("add", saved.parent, "--json")
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["title"] == life().title
    assert "run.json" in run.stderr


def test_add_makes_one_of_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TENTH_RECEIPTS", str(tmp_path / "all"))
    monkeypatch.setenv("TENTH_RUN_ID", "mine")
    for _ in range(2):
        with Meter("step"):
            pass
    run = tenth("add", tmp_path / "all", "--out", tmp_path / "whole.json", "--json")
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["run"]["id"] == "mine"
    assert len(Receipt.load(tmp_path / "whole.json").stages) == 2


def test_payback_and_what_if(saved):
    run = tenth("payback", saved, "--stage", "shrink", "--watts", "12")
    assert run.exit_code == 0, run.output
    assert "repaid after" in run.stdout
    run = tenth("payback", saved, "--before", "2", "--after", "1")
    assert "time a use, 2 s before and 1 s after" in " ".join(run.stdout.split())
    assert "given together" in str(tenth("payback", saved, "--before", "2").exception)
    run = tenth("what-if", saved, "--place", "POL", "--json")
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert {row["value"]["label"] for row in found["rows"] if row["value"]["value"]} == {
        "estimated"
    }
    assert isinstance(tenth("what-if", saved).exception, InputError)


def test_compare_without_a_baseline_is_against_the_plan(saved, tmp_path):
    run = tenth("compare", saved, "--json")
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["baseline"] == "its plan"
    other = life("FRA")
    other.hardware["cpu"] = "Apple M4"
    other.save(tmp_path / "other.json")
    assert isinstance(tenth("compare", saved, tmp_path / "other.json").exception, InputError)
    both = tenth("compare", saved, tmp_path / "other.json", "--plan", saved)
    assert "a baseline or a plan" in str(both.exception)
    run = tenth("compare", saved, tmp_path / "other.json", "--anyway", "--json")
    assert run.exit_code == 0, run.output
    rows = json.loads(run.stdout)["rows"]
    assert not any(row["ratio"]["value"] for row in rows)


def test_origin_records_data_and_licence_and_seals_anew(saved, tmp_path):
    (tmp_path / "train.csv").write_text("1,2\n")
    words = ("origin", saved, "--file", tmp_path / "train.csv", "--licence", "CC-BY-4.0")
    assert tenth(*words).exit_code == 0
    assert tenth(*words).exit_code == 0  # the same thing twice is one thing
    (data,) = [one for one in Receipt.load(saved).provenance if one.name == "train.csv"]
    assert (data.licence, len(data.sha256)) == ("CC-BY-4.0", 64)
    assert tenth("validate", saved).exit_code == 0
    assert isinstance(
        tenth("origin", saved, "--kind", "rumour", "--name", "x").exception, InputError
    )
    assert isinstance(tenth("origin", saved).exception, InputError)
    saved.write_text(saved.read_text().replace("AMD EPYC", "AMD EPIC"))
    before = saved.read_bytes()
    assert isinstance(tenth("origin", saved, "--name", "more").exception, InputError)
    assert saved.read_bytes() == before


def test_a_receipt_is_told_in_both_languages(saved, tmp_path):
    english, arabic = tenth("show", saved).stdout, tenth("show", saved, "--lang", "ar").stdout
    assert "energy" in english
    assert "\u0627" in arabic
    assert isinstance(tenth("show", saved, "--lang", "tlh").exception, InputError)
    words = ("html", saved, "--lang", "ar", "--against", saved, "--out", tmp_path / "r.html")
    assert tenth(*words).exit_code == 0
    assert 'dir="rtl"' in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_receipt_fills_forms():
    assert "ISO/IEC 21031" in str(life("FRA").export("sci"))
    with pytest.raises(InputError):
        life().export("tax return")
