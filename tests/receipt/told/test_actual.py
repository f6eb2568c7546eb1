import pytest

from tenth.figures import Figure, unknown
from tenth.receipt import Row
from tenth.receipt.look.language import language
from tenth.receipt.told import figures
from tenth.receipt.told.actual import in_words, verdict


def figure(low, value, high):
    return Figure(value, "s", low, high)


@pytest.mark.parametrize(
    ("planned", "came_to", "said"),
    [
        (figure(1, 2, 4), figure(3, 3, 3), "inside"),
        (figure(1, 2, 4), figure(4, 4, 4), "inside"),
        (figure(1, 2, 4), figure(3, 5, 7), "edge"),
        (figure(1, 2, 4), figure(5, 6, 7), "more"),
        (figure(1, 2, 4), figure(0.1, 0.2, 0.3), "less"),
        (figure(2, 2, 2), figure(2, 2, 2), "inside"),
        (figure(2, 2, 2), figure(3, 3, 3), "more"),
        (unknown("s", "no plan"), figure(1, 1, 1), "open"),
        (figure(1, 1, 1), unknown("s", "no meter"), "open"),
    ],
)
def test_the_verdict_on_a_plan(planned, came_to, said):
    assert verdict(Row("time", planned, came_to)) == said


def test_ends_in_words_and_in_the_table_are_rounded_outwards():
    row = Row("device_hours", figure(1.049, 2, 10490.1), figure(1, 1, 1))
    speak = language("en")
    said = in_words(row, "inside", (1.049, 2, 10490.1), speak)
    assert "1 " in said
    assert "11,000" in said
    assert figures.ratio(speak, row).interval == "1 – 11,000"
