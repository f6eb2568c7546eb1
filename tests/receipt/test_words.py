import doctest

import pytest

from tenth.figures import Figure, counted, unknown
from tenth.receipt import Aim, BeforeAfter, Receipt, Stage, words
from tenth.receipt.look.language import language

from .samples import costs, life


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(words).failed == 0


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (Figure(2.0, "J", 1.5, 2.5), "1.5 – 2.5 J"),
        (Figure(2.0, "J", 0.5, 2.5), "500 mJ – 2.5 J"),
        (Figure(0.5, "", 0.25, 0.75), "0.25 – 0.75"),
        (counted(3, "weights", ""), ""),
        (unknown("J", "lost"), ""),
    ],
)
def test_intervals(figure, told):
    assert words.interval(figure) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (816, 81, "÷ 10.1"),
        (2, 3, "× 1.5"),
        (1000, 1001, "same"),
        (0, 1, ""),
        (1, 0, ""),
    ],
)
def test_how_much_smaller(before, after, told):
    assert words.times(Figure(before, "s"), Figure(after, "s")) == told


def test_the_headline_says_what_was_spent_and_saved(receipt):
    assert words.headline(receipt) == (
        "It took 4.21 min, 1,037 J and 16.1 mg CO₂e to bring weights from 816 to 81 and file from "
        "4.41 kB to 1.24 kB."
    )


def test_a_receipt_of_nothing_still_has_a_headline():
    empty = Receipt("t", Aim("a"))
    assert words.headline(empty) == "Nothing was metered."
    empty.sizes = [BeforeAfter("w", Figure(2, "weights"), Figure(1, "weights"))]
    assert words.headline(empty) == "Nothing was metered; it brought w from 2 to 1."


def test_money_is_in_the_headline_only_if_it_is_known():
    stage = Stage("a", costs(60.0))
    assert "USD" not in words.headline(Receipt("t", Aim("a"), stages=[stage]))
    stage.figures["price_usd"] = Figure(2.0, "USD", label="modelled")
    assert "2 USD" in words.headline(Receipt("t", Aim("a"), stages=[stage]))


@pytest.mark.parametrize(
    ("place", "said"), [("FRA", "electricity of France"), (None, "no country given")]
)
def test_the_subtitle_says_where_or_that_no_place_was_given(place, said):
    aim, machine = words.subtitle(life(place))
    assert "target 1" in aim
    assert machine == f"AMD EPYC 9R14, 2 threads · {said} · 2026-09-17"


def test_task_and_metric_are_one_piece_that_runs_in_one_direction():
    receipt = Receipt("t", Aim("digits", "score", 0.9))
    told = words.subtitle(receipt, language("ar", markup=True))[0]
    assert '<bdi lang="en" dir="auto">digits: score</bdi>' in told
    assert words.subtitle(receipt)[0] == "digits: score, target 0.9"
    assert words.subtitle(Receipt("t", Aim("digits")))[0] == "digits: score"


@pytest.mark.parametrize(("score", "missed"), [(0.9, True), (0.97, False), (None, False)])
def test_a_missed_target(score, missed):
    scores = {} if score is None else {"val": Figure(score, "")}
    assert words.missed(Receipt("t", Aim("a", target=0.97), scores=scores)) == missed


@pytest.mark.parametrize(
    ("target", "scores", "tone"),
    [
        (None, {"val": 0.9}, "open"),
        (0.9, {}, "open"),
        (0.9, {"val": 0.9}, "good"),
        (0.9, {"val": 0.89}, "bad"),
        (0.9, {"test before": 0.95, "test after": 0.8}, "bad"),
    ],
)
def test_the_verdict_is_of_the_result_and_not_of_what_was_before(target, scores, tone):
    named = {name: Figure(value, "") for name, value in scores.items()}
    assert words.verdict(Receipt("t", Aim("a", target=target), scores=named))[0] == tone


def test_a_name_that_the_catalogue_has_not_stands_for_itself():
    assert words.name_of("wall_seconds") == "time"
    assert words.name_of("my_own_figure") == "my_own_figure"


def test_the_figures_of_other_peoples_meters_are_totalled_too(receipt):
    stage = receipt.stages[0]
    stage.figures["codecarbon_energy_joules"] = Figure(3.0, "J", label="given", source="CodeCarbon")
    keys = words.metered(receipt)
    assert keys[0] == "wall_seconds"
    assert keys[-1] == "codecarbon_energy_joules"
    assert "flops_executed_forward" not in keys
    assert "codecarbon_energy_joules" in str(receipt)
    assert "codecarbon_energy_joules" in receipt.html()
