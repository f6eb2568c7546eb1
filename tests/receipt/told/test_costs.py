import pytest

from tenth.figures import Figure, counted, unknown
from tenth.receipt import Aim, BeforeAfter, Receipt, Stage
from tenth.receipt.look.language import language
from tenth.receipt.look.shown import Sources
from tenth.receipt.told import costs as told

from ..samples import costs, life


@pytest.fixture
def sources():
    return Sources(language("en"))


@pytest.mark.parametrize(
    ("figure", "remark"),
    [
        (Figure(400.0, "J"), "as much as a lamp of 10 watts in 40 s"),
        (Figure(0.01, "kWh"), "as much as a lamp of 10 watts in 60 min"),
        (Figure(1000.0, "kWh"), ""),
        (Figure(400.0, "s"), ""),
        (Figure(0.0, "J"), ""),
        (unknown("J", "lost"), ""),
    ],
)
def test_energy_is_told_as_a_lamp_where_that_tells_something(sources, figure, remark):
    assert told.card(sources, "energy", figure).remark == remark


def test_an_exact_figure_has_no_range_drawn(sources):
    assert told.card(sources, "x", counted(3, "J", "")).range is None
    assert told.card(sources, "x", Figure(3.0, "J", -1.0, 4.0)).range is None
    drawn = told.card(sources, "x", Figure(2.0, "J", 1.0, 4.0)).range
    assert (drawn.low, drawn.length, drawn.high) == pytest.approx((24, 48, 96))


def test_what_nothing_metered_is_unknown(sources):
    cards = told.cost(Receipt("t", Aim("a")), sources).blocks[0].items
    assert {card.shown.label for card in cards} == {"unknown"}
    assert {card.shown.reason for card in cards} == {"nothing metered it"}


def test_it_pays_back_after_so_many_uses(sources):
    receipt = life()
    receipt.stages = [Stage("train", costs(100.0))]
    receipt.sizes = [BeforeAfter("time a board", Figure(0.3, "s"), Figure(0.1, "s"))]
    table = told.repaid(receipt, sources).blocks[0]
    spent, saved, uses = (column.cells for column in table.columns)
    assert (spent[2].value, saved[2].value, uses[2].value) == ("100 s", "200 ms", "500 uses")
    assert uses[1].label == "unknown"


def test_without_a_use_that_was_timed_there_is_no_payback(sources):
    receipt = life()
    receipt.sizes = receipt.sizes[:2]
    assert told.repaid(receipt, sources) is None


@pytest.mark.parametrize(
    "after",
    [
        Figure(0.5, "s", 0.4, 0.6),
        Figure(0.25, "s", 0.1, 0.31),
        Figure(0.3, "s"),
        unknown("s", "never timed"),
    ],
    ids=["slower", "not clearly faster", "the same", "unknown"],
)
def test_what_is_not_clearly_faster_is_never_repaid(sources, after):
    receipt = life()
    receipt.sizes = [BeforeAfter("time a board", Figure(0.3, "s", 0.2, 0.4), after)]
    section = told.repaid(receipt, sources)
    assert section.blocks == []
    assert section.lead.startswith("It is not known to: a use of the model (time a board)")
