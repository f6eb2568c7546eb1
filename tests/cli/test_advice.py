"""`tenth plan --budget` and `tenth plan gpt3` as a user meets them."""

import json

import pytest
from typer.testing import CliRunner

from tenth.cli.main import app


def run(*arguments):
    result = CliRunner().invoke(app, ["plan", *map(str, arguments)], env={"TENTH_PLACE": ""})
    assert "Traceback" not in result.output
    return result


def form(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_budget_gives_ranked_rows_for_each_route():
    result = run("--budget", "500usd", "--budget", "3days", "--device", "h100")
    assert result.exit_code == 0
    for word in ("500 USD and 3 days", "compute-optimal", "smaller-longer", "1.", "bound by"):
        assert word in result.stdout


def test_one_object_and_a_picture(tmp_path):
    path = tmp_path / "a.svg"
    found = form("--budget", "20kWh", "--device", "rtx4090", "--picture", path)
    assert found["budget"] == [{"kind": "energy", "most": 20, "figure": "energy_kwh"}]
    assert path.read_text().startswith("<?xml")


def test_a_known_model_under_a_budget():
    asked = ("llama3-8b", "--work", "qlora", "--sequence", "1024", "--device", "rtx4090")
    found = form(*asked, "--budget", "20usd")
    (route,) = found["routes"]
    assert route["name"] == "qlora"
    assert route["choices"][0]["amount"]["unit"] == "tokens"


def test_the_count_is_chosen_unless_said():
    free = form("--budget", "1e6usd", "--device", "h100")["routes"][0]["choices"][0]
    fixed = form("--budget", "1e6usd", "--device", "h100", "--count", "8")
    assert free["count"] > 8
    assert fixed["routes"][0]["choices"][0]["count"] == 8


def test_devices_of_ones_own_are_among_those_to_choose_from(tmp_path):
    devices, prices = tmp_path / "devices.csv", tmp_path / "prices.csv"
    devices.write_text("id,class,fp16_bf16_tensor_dense_tflops,memory_gb\nours,gpu,1000,80\n")
    prices.write_text("device,tier,usd_per_hour,date\nours,typical,0.1,2026-01\n")
    own = ("--devices", devices, "--prices", prices)
    rows = form("--budget", "500usd", *own)["routes"][0]["choices"]
    assert rows[0]["device"] == "ours"
    assert len(rows) > 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--budget", "500"), "a number and a unit"),
        (("--budget", "500eur"), "no rate of exchange"),
        (("--budget", "1h", "--budget", "2h"), "given once"),
        (("--budget", "5usd", "--picture", "a.gif"), ".svg or .png"),
        (("--params", "1e9", "--tokens", "1e9", "--picture", "a.svg"), "--budget"),
        (("examples/digits.py", "--budget", "5usd"), "its file says"),
        (("--budget", "5usd", "--count", "0"), "whole number"),
        (("--params", "1e9", "--tokens", "1e9", "--count", "0"), "whole number"),
    ],
)
def test_wrong_calls_end_in_one_sentence(arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("tenth: ")
    assert words in result.stderr.lower()


def test_the_story_is_told_where_nothing_else_is_asked(tmp_path):
    told = run("gpt3")
    assert told.exit_code == 0
    assert "12 million dollars" in told.stdout
    assert form("gpt3")["format"] == "tenth-retelling/1"
    mine = tmp_path / "mine.csv"
    mine.write_text("device,tier,usd_per_hour,date\nh100,typical,1,2026-01\n")
    rows = form("gpt3", "--prices", mine)["rows"]
    assert any(set(row["prices"]) == {"typical"} for row in rows)


def test_the_family_of_that_name_is_still_planned():
    found = form("gpt3", "--tokens", "3e11", "--device", "h100", "--count", "1024")
    assert found["format"] == "tenth-plan/1"
    asked = run("gpt3", "--device", "h100")
    assert asked.exit_code == 2
    assert "--tokens" in asked.stderr


@pytest.mark.parametrize("asked", [("--budget", "500usd", "--device", "h100"), ("gpt3",)])
@pytest.mark.parametrize("option", ["--html", "--explain"])
def test_what_only_one_plan_has_is_refused_not_ignored(tmp_path, asked, option):
    page = tmp_path / "p.html"
    result = run(*asked, *((option, page) if option == "--html" else (option,)))
    assert result.exit_code == 2
    assert f"{option} must be given for one plan" in result.stderr
    assert not page.exists()


def test_a_picture_that_cannot_be_written_names_its_option(tmp_path):
    asked = ("--budget", "20kWh", "--device", "rtx4090", "--picture", tmp_path / "none" / "a.svg")
    result = run(*asked)
    assert result.exit_code == 2
    assert "--picture" in result.stderr
    assert "--out" not in result.stderr
