import pytest

from tenth.figures import Figure, counted, unknown
from tenth.receipt import Row
from tenth.receipt.look.language import language
from tenth.receipt.look.shown import Sources
from tenth.receipt.told import baseline

from ..samples import life


@pytest.mark.parametrize(
    ("value", "reference", "said"),
    [
        (counted(1.0, "s", ""), counted(2.0, "s", ""), "less"),
        (counted(3.0, "s", ""), counted(2.0, "s", ""), "more"),
        (Figure(1.0, "s"), Figure(2.0, "s"), "single"),
        (Figure(1.0, "s"), counted(2.0, "s", ""), "single"),
        (Figure(2.0, "s"), Figure(2.0, "s"), "same"),
        (Figure(2.0, "s", 1.0, 3.0), Figure(2.5, "s", 2.0, 3.0), "open"),
        (Figure(1.0, "s", 0.9, 1.1), Figure(2.5, "s", 2.0, 3.0), "less"),
        (Figure(1.0, "s"), unknown("s", "lost"), ""),
    ],
)
def test_a_ratio_in_words(value, reference, said):
    assert baseline.verdict(Row("time", value, reference)) == said


def test_the_names_of_a_comparison_are_translated():
    speak = language("ar")
    told = baseline.baseline(life().compare(life()), Sources(speak))
    names = [line.name for line in told.blocks[0].lines]
    assert "الوقت" in names
    assert "الأوزان (النتيجة)" in names


def test_a_row_without_a_ratio_says_why():
    speak = language("en")
    receipt, elsewhere = life("FRA"), life("POL")
    table = baseline.baseline(receipt.compare(elsewhere), Sources(speak)).blocks[0]
    ratios = table.columns[2].cells
    assert any("different electricity: France against Poland" in cell.interval for cell in ratios)


def test_without_a_baseline_it_says_so():
    told = baseline.baseline(None, Sources(language("en")))
    assert told.blocks == []
    assert told.lead.startswith("No baseline receipt was held against this one.")
