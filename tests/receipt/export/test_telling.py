import pytest

from tenth.figures import Figure, counted, unknown
from tenth.receipt import Stage
from tenth.receipt.export import telling
from tenth.receipt.place import Place

from .samples import nothing_known, plain


def test_credit_is_given_where_the_table_is_used():
    assert "CC BY 4.0" in telling.credit(plain())
    assert telling.credit(nothing_known()) == ""


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(0.5, "", 0.4, 0.6), "0.5 (90 % interval 0.4 to 0.6; measured)"),
        (Figure(2, "kWh", 1.2349, 2.9871), "2 kWh (90 % interval 1.23 kWh to 2.99 kWh; measured)"),
        (counted(3, "FLOP", "the graph"), "3 FLOP (counted: the graph)"),
        (unknown("J", "no sensor"), "unknown (no sensor)"),
    ],
)
def test_a_figure_is_said_whole(figure, text):
    assert telling.said(figure) == text


def test_the_boundary_is_that_of_the_meter():
    assert "the metered process with its children, all stages counted (train)" in (
        telling.boundary(plain())
    )
    figures = plain().stages[0].figures
    stages = [Stage("a", figures, notes={"scope": "cgroup"}), Stage("b", figures)]
    assert telling.scope(plain(stages=stages)) == (
        "the control group of the process and the metered process with its children"
    )


def test_no_origins_no_words():
    assert telling.origins(plain()) == ""


def test_an_open_place_is_told_in_one_plain_sentence():
    nowhere = plain(place=Place.find(None))
    assert telling.place_open(nowhere) == "nobody said where the machine is"
    assert telling.place_open(plain()) == ""
