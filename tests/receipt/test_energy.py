import pytest

from tenth.figures import Figure, unknown
from tenth.receipt import energy
from tenth.receipt.energy import Burn, dollars, grams, joules
from tenth.receipt.place import Place
from tenth.receipt.rapl import Rapl

WATTS = Figure(4.0, "W", 2.2, 5.8, "modelled", "a table")


class Counters:
    """A RAPL that says what it is told to."""

    def __init__(self, value=0.0, memory=False, missing=""):
        self.joules, self.has_memory, self.missing = value, memory, missing


@pytest.fixture(autouse=True)
def _no_accelerators(monkeypatch):
    monkeypatch.setattr(energy, "accelerators", list)


def test_the_model_by_hand():
    absent = Counters(missing="no RAPL counters here")
    figure = joules(Burn(10.0, 20.0, 2e9), absent, WATTS)
    expected = 10 * 4 + 20 * 2 * 0.3725
    assert figure.bounds() == pytest.approx((expected, 0.55 * expected, 1.45 * expected))
    assert figure.label == "modelled"
    assert figure.unit == "J"
    assert "no RAPL counters here" in figure.source
    assert "a table" in figure.source


def test_counters_are_measured():
    figure = joules(Burn(10.0, 20.0, 2e9), Counters(50.0, memory=True), WATTS)
    assert figure.bounds() == pytest.approx((50, 45, 55))
    assert figure.label == "measured"
    assert "other programs" in figure.source


def test_counters_without_memory_are_helped_by_the_model():
    figure = joules(Burn(10.0, 20.0, 2e9), Counters(50.0), WATTS)
    assert figure.value == pytest.approx(50 + 14.9)
    assert figure.label == "modelled"


def test_what_cannot_be_known_is_not_zero():
    absent = Counters(missing="none")
    assert not joules(Burn(1.0, 1.0, None), absent, WATTS).known
    assert joules(Burn(1.0, 1.0, 1.0), absent, unknown("W", "no table")).reason == "no table"


def test_accelerators_are_said_to_be_left_out(monkeypatch, tmp_path):
    monkeypatch.setattr(energy, "accelerators", lambda: ["nvidia0"])
    figure = joules(Burn(1.0, 1.0, 1.0), Rapl(tmp_path), WATTS)
    assert "NOT metered: nvidia0" in figure.source


def test_a_kilowatt_hour_emits_what_the_grid_says():
    place = Place("FRA", "France", Figure(50.0, "gCO2e/kWh", 40.0, 60.0, "given", "table"))
    figure = grams(Figure(3.6e6, "J", label="measured"), place)
    assert figure.bounds() == pytest.approx((50, 40, 60))
    assert figure.unit == "gCO2e"
    assert figure.label == "modelled"


def test_doubts_of_energy_and_grid_combine():
    place = Place.find("FRA")
    figure = grams(Figure(3.6e6, "J", 2e6, 5.2e6, "modelled"), place)
    grid = place.carbon
    assert figure.low < grid.low
    assert figure.high > grid.high


def test_carbon_of_unknown_energy_is_unknown():
    figure = grams(unknown("J", "no meter"), Place.find("FRA"))
    assert figure.reason == "no meter"
    assert figure.unit == "gCO2e"


def test_money_is_time_by_price():
    price = Figure(3.0, "USD/h", 2.0, 4.0, "given", "the user")
    assert dollars(1800.0, price).bounds() == (1.5, 1.0, 2.0)
    assert dollars(1800.0, unknown("USD/h", "no price")).reason == "no price"
