"""Wrong values of options, as the parser of the command line meets them."""

import json
import sys

import pytest
import typer
from typer.testing import CliRunner

from tenth.cli import refused
from tenth.cli.main import app

SHIP = ("ship", "t.py", "--model", "m")
AMOUNT = "an amount must be a number such as 7e9, or with k, M, B, G or T behind it. Got '7q'."
WRONG = [
    ((*SHIP, "--values", "int8"),
     "--values must be one of float32, float16, bfloat16. Got 'int8'."),
    (("shrink", "--export", "big"),
     "--export must be one of small, small-float16, dense. Got 'big'."),
    (("train", "t.py", "--by", "x"),
     "--by must be one of seconds, flops, executed, energy, price. Got 'x'."),
    (("plan", "--params", "7q"), f"--params: {AMOUNT}"),
    (("plan", "--count", "two"), "--count must be a whole number. Got 'two'."),
    (("plan", "--batch", "1.5"), "--batch must be a whole number. Got '1.5'."),
    (("train", "t.py", "--margin", ""), "--margin must be a number. Got ''."),
    (("demo", "--seeds", "0"), "--seeds must be at least 1. Got '0'."),
    (("keep", "gc", "--grace", "-1"), "--grace must be at least 0. Got '-1'."),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_a_wrong_value_is_one_plain_sentence(words, said):
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 2
    assert run.stderr == f"tenth: {said}\n"


def test_a_wrong_value_in_json_is_an_object(monkeypatch):
    words = (*SHIP, "--values", "int8", "--json")
    monkeypatch.setattr(sys, "argv", ["tenth", *words])
    form = json.loads(CliRunner().invoke(app, words).stdout)
    assert form["exit_code"] == 2
    assert form["error"].startswith("--values must be")


def test_what_is_missing_is_told_with_the_usage():
    run = CliRunner().invoke(app, ["ship", "t.py"])
    assert run.exit_code == 2
    assert "Usage: " in run.stderr
    assert "--model" in run.stderr


def test_words_of_other_kinds_stay():
    error = typer.BadParameter("Value error, a page must be open.")
    assert refused.sentence(error) == "the value: a page must be open."
