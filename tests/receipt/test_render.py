import sys
from dataclasses import replace

import pytest

from tenth.figures import Figure
from tenth.receipt import Aim, Receipt, render


def test_it_says_the_whole_of_the_receipt(receipt):
    text = str(receipt)
    for part in (
        "Game of Life",
        "It took 4.21 min",
        "electricity of France",
        "Target reached",
        "All totals",
        "Where it went",
        "granet, seed 1",
        "What became of the model",
        "÷ 10.1",
        "The routes that were tried",
        "7 of 8",
        "Was the plan right? (for train)",
        "1 of 8 seeds",
    ):
        assert part in text


def test_each_total_has_its_interval_label_and_source(receipt):
    lines = str(receipt).splitlines()
    (energy,) = (line for line in lines if line.startswith("energy") and "modelled" in line)
    assert "570 – 1,503 J" in energy
    assert "CPU-seconds" in energy


def test_unknown_is_a_dash_with_a_reason_and_never_zero(receipt):
    money = next(line for line in str(receipt).splitlines() if line.startswith("money"))
    assert "unknown" in money
    assert "no price given" in money
    assert "0" not in money


def test_piped_it_is_plain_text(receipt, capsys):
    render.show(render.receipt(receipt))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= render.WIDTH


def test_on_a_terminal_it_has_weight(receipt, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    render.show(render.receipt(receipt))
    assert "\x1b[1m" in capsys.readouterr().out


def test_brackets_in_names_are_no_markup(receipt):
    receipt.title = "[bold]title[/] [/x]"
    receipt.stages = [replace(receipt.stages[0], name="[red]stage")]
    receipt.scores = {"[odd]": Figure(1.0, "", source="[source]")}
    receipt.notes = ["[note]"]
    text = str(receipt)
    for words in ("[bold]title[/] [/x]", "[red]stage", "[odd]", "[source]", "[note]"):
        assert words in text


def test_an_interrupted_stage_is_marked(receipt):
    receipt.stages = [replace(receipt.stages[0], notes={"interrupted": "KeyboardInterrupt"})]
    assert "plan (interrupted)" in str(receipt)


def test_a_receipt_of_nothing_prints():
    assert "Nothing was metered." in str(Receipt("empty", Aim("a")))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_paper(receipt, width):
    text = render.text(render.receipt(receipt), width)
    assert max(map(len, text.splitlines())) <= width


def test_in_arabic_every_number_is_isolated(receipt):
    text = render.text(render.receipt(receipt, "ar"))
    assert "كلّف هذا العمل" in text
    assert "\u206616.1 mg CO₂e\u2069" in text
    assert text.count("\u2066") + text.count("\u2068") == text.count("\u2069")
