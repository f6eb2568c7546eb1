import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.errors import InputError
from tenth.plan.advice.budget import UNITS, read, read_all


@pytest.mark.parametrize(
    ("text", "kind", "most", "words"),
    [
        ("500usd", "money", 500, "500 USD"),
        ("2.5e3 USD", "money", 2500, "2.5e3 USD"),
        ("20kWh", "energy", 20, "20 kWh"),
        ("1MWh", "energy", 1000, "1 MWh"),
        (" 500Wh ", "energy", 0.5, "500 Wh"),
        ("3days", "time", 3, "3 days"),
        ("36h", "time", 1.5, "36 hours"),
        ("1 week", "time", 7, "1 week"),
        ("90min", "time", 0.0625, "90 minutes"),
        ("50kgco2e", "carbon", 50, "50 kgCO2e"),
        ("2 tCO2e", "carbon", 2000, "2 tCO2e"),
    ],
)
def test_a_number_and_a_unit(text, kind, most, words):
    limit = read(text)
    assert (limit.kind, limit.words) == (kind, words)
    assert limit.most == pytest.approx(most)


@pytest.mark.parametrize(
    "text",
    [
        "", "500", "usd", "$500", "-5usd", "1,000usd", "500usd20kWh", "500 usd or so", "nanusd",
        "infusd", "0usd", "0.0days", "1e999usd", "1e-9usd", "½usd", "٥usd", "5 usd\x00", "5kg",
        None, 500,
    ],
)  # fmt: skip
def test_what_is_no_budget_is_refused_in_a_sentence(text):
    with pytest.raises(InputError, match="must be"):
        read(text)


def test_megawatts_and_milliwatts_are_not_guessed():
    with pytest.raises(InputError, match="MWh is a million watt-hours"):
        read("5mwh")


def test_other_currencies_say_why():
    with pytest.raises(InputError, match="no rate of exchange"):
        read("500EUR")


def test_one_of_a_kind_and_at_least_one():
    assert [limit.kind for limit in read_all(["500usd", "3days"])] == ["money", "time"]
    assert read_all("3days")[0].kind == "time"
    with pytest.raises(InputError, match="given once"):
        read_all(["3days", "5h"])
    with pytest.raises(InputError, match="Such as"):
        read_all([])


@given(st.text(max_size=12))
def test_any_text_is_a_limit_or_an_error(text):
    try:
        limit = read(text)
    except InputError:
        return
    assert limit.most > 0
    assert math.isfinite(limit.most)


@given(st.floats(1e-3, 1e9), st.sampled_from(sorted(UNITS)))
def test_units_scale(number, unit):
    text = f"{number:.3f}{unit}"
    assert read(text).most == pytest.approx(float(f"{number:.3f}") * UNITS[unit][1])
