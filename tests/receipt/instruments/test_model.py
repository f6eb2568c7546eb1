import pytest

from tenth.figures import unknown
from tenth.receipt.instruments.face import Burn
from tenth.receipt.instruments.model import Model

from .fakes import WATTS


def test_by_hand():
    found = Model(WATTS).since(None, Burn(10.0, 20.0, 2e9))
    assert found["processor"].bounds() == pytest.approx((40, 22, 58))
    memory = 20 * 2 * 0.3725
    assert found["memory"].bounds() == pytest.approx((memory, 0.55 * memory, 1.45 * memory))
    assert {figure.label for figure in found.values()} == {"modelled"}
    assert "a table" in found["processor"].source


def test_a_hundred_watts_for_36_seconds_is_one_watt_hour():
    watts = type(WATTS)(100.0, "W", label="given", source="the user")
    found = Model(watts).since(None, Burn(36.0, 36.0, 0.0))
    assert found["processor"].value / 3600 == pytest.approx(1.0)


def test_what_cannot_be_known_is_not_zero():
    found = Model(WATTS).since(None, Burn(None, 1.0, None))
    assert "processor time" in found["processor"].reason
    assert "memory" in found["memory"].reason
    found = Model(unknown("W", "no table")).since(None, Burn(1.0, 1.0, 1.0))
    assert found["processor"].reason == "no table"
