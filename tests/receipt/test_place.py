import pytest

from tenth.errors import InputError
from tenth.receipt import Place


def test_a_country_has_its_own_electricity():
    france, poland = Place.find("FRA"), Place.find("POL")
    assert france.code == "FRA"
    assert france.name == "France"
    assert france.carbon.value < poland.carbon.value
    assert france.carbon.unit == "gCO2e/kWh"


def test_nobody_is_guessed_to_be_anywhere():
    nowhere = Place.find()
    assert nowhere.code is None
    assert "no place was given" in nowhere.name
    assert not nowhere.carbon.known
    assert "--place" in nowhere.carbon.reason
    assert "a kWh is" in nowhere.carbon.reason  # from the least to the most


def test_the_variable_stands_in_for_the_argument(monkeypatch):
    monkeypatch.setenv("TENTH_PLACE", "NOR")
    assert Place.find().code == "NOR"
    assert Place.find("FRA").code == "FRA"
    monkeypatch.setenv("TENTH_PLACE", "")
    assert Place.find().code is None


@pytest.mark.parametrize("code", ["FRAN", "Atlantis", "🇫🇷"])
def test_a_place_that_does_not_exist_is_refused(code):
    with pytest.raises(InputError, match="place"):
        Place.find(code)


def test_json_and_back():
    for code in (None, "FRA"):
        place = Place.find(code)
        assert Place.from_json(place.to_json()) == place
