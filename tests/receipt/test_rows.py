import pytest

from tenth.figures import Figure, unknown
from tenth.receipt import Row


def test_a_ratio_combines_the_doubts_of_both():
    row = Row("energy", Figure(2.0, "J", 1.0, 4.0), Figure(4.0, "J", 2.0, 8.0))
    assert row.ratio.value == 0.5
    assert row.ratio.low == pytest.approx(0.5 / 2**2**0.5)
    assert row.ratio.high == pytest.approx(0.5 * 2**2**0.5)


def test_exact_figures_have_an_exact_ratio():
    assert Row("w", Figure(81, ""), Figure(810, "")).ratio.bounds() == pytest.approx((0.1,) * 3)


@pytest.mark.parametrize(
    ("value", "reference", "reason"),
    [
        (Figure(1.0, "s"), unknown("s", "lost"), "lost"),
        (unknown("s", "never run"), Figure(1.0, "s"), "never run"),
        (Figure(1.0, "s"), Figure(0.0, "s"), "may be zero"),
        (Figure(1.0, "s"), Figure(1.0, "s", 0.0, 2.0), "may be zero"),
    ],
)
def test_a_ratio_that_means_nothing_is_unknown(value, reference, reason):
    assert reason in Row("time", value, reference).ratio.reason


def test_a_reason_against_the_ratio_wins():
    row = Row("carbon", Figure(1.0, "g"), Figure(2.0, "g"), "different electricity")
    assert row.ratio.reason == "different electricity"
    assert row.to_json()["ratio"]["value"] is None
