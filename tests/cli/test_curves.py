"""Curves in the terminal: right heights, any width, and silence where there is no terminal."""

import doctest
import io
import math

import pytest
from rich.console import Console

from tenth.cli import curves, show
from tenth.fit import Step


def printed(steps, width):
    made = curves.Curves()
    for step in steps:
        made.take(step)
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(made)
    return console.file.getvalue().splitlines()


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(curves).failed == 0


def test_a_column_is_as_high_as_its_value():
    rows = curves.drawn([0.0, 1.0, 0.5, math.nan], 2)
    assert rows == [" █▁ ", "▁██ "]
    assert curves.drawn([2.0, 2.0], 1) == ["▄▄"]
    assert curves.drawn([math.nan], 2) == [" ", " "]


@pytest.mark.parametrize("width", [1, 5, 18, 19, 40, 80, 300])
def test_terminals_of_any_width_survive(width):
    steps = [Step(n, 50, 1 / n, 0.5 if n > 20 else None, 1 - n / 100) for n in range(1, 31)]
    lines = printed(steps, width)
    assert lines
    assert all(len(line) <= width for line in lines)


def test_a_curve_fills_as_the_run_goes_on():
    half = printed([Step(n, 100, 100.0 - n, None, 1.0) for n in range(1, 51)], 58)
    curve = half[3][8:48]
    assert half[3].startswith("loss")
    assert curve[:20].count("█") > 10
    assert curve[21:].strip() == ""
    assert half[3].endswith("50")


def test_an_earlier_step_begins_another_run():
    first = [Step(n, 10, 9.0, 0.1, 1.0) for n in range(1, 11)]
    second = [Step(n, 10, 1.0 / n, None, 0.5) for n in range(1, 4)]
    assert printed(first + second, 60) == printed(second, 60)


def test_a_loss_that_is_not_finite_is_left_out():
    assert printed([Step(1, 10, math.inf, None, 1.0)], 60) == printed(
        [Step(1, 10, math.nan, None, 1.0)], 60
    )


def test_a_terminal_gets_a_bar_and_curves_and_a_pipe_gets_nothing(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream, told in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        with show.progress("a run") as on_step:
            for n in range(1, 11):
                on_step(Step(n, 10, 1 / n, None, 1.0))
        assert ("loss" in stream.getvalue()) == told
        assert bool(stream.getvalue()) == told
