import pytest

from tenth.catalogue import CREDIT, grids
from tenth.catalogue.tables import rows
from tenth.errors import InputError


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("FRA", "FRA"),
        ("fra", "FRA"),
        ("France", "FRA"),
        ("united kingdom", "GBR"),
        ("UK", "GBR"),
        ("US", "USA"),
        ("Côte d'Ivoire", "CIV"),
        ("Cote d'Ivoire", "CIV"),
    ],
)
def test_a_grid_is_found_by_code_and_by_country(typed, place):
    assert grids.find(typed).place == place


def test_a_grid_carries_year_credit_and_interval():
    carbon = grids.find("FRA").carbon
    assert carbon.value == pytest.approx(56.039, abs=1)
    assert carbon.high == pytest.approx(carbon.value * 1.30**1.645)
    assert (carbon.unit, carbon.label) == ("gCO2e/kWh", "given")
    assert CREDIT in carbon.source
    assert "France 2023" in carbon.source


def test_a_zero_in_the_table_is_a_hole():
    carbon = grids.find("Central African Republic").carbon
    assert carbon.value is None
    assert "Central African Republic" in carbon.reason
    assert all(g.carbon.value is None or g.carbon.value > 0 for g in grids.all())
    assert len(grids.all()) == 213


@pytest.mark.parametrize("place", ["Atlantis!", "", None, 33, "world"])
def test_no_place_is_never_guessed(place):
    with pytest.raises(InputError, match="place must be in the catalogue"):
        grids.find(place)


def test_near_places_are_offered():
    with pytest.raises(InputError, match="Germany"):
        grids.find("Germny")


def test_the_span_of_countries_is_from_the_least_to_the_most():
    least, most = grids.span()
    known = [g.carbon.value for g in grids.all() if g.carbon.known]
    assert (least.carbon.value, most.carbon.value) == (min(known), max(known))
    assert least.carbon.value > 0


@pytest.mark.parametrize(
    ("two", "three"), [("FR", "FRA"), ("de", "DEU"), ("GB", "GBR"), ("CH", "CHE"), ("KP", "PRK")]
)
def test_codes_of_two_letters_are_codes_too(two, three):
    assert grids.find(two).place == three


def test_every_country_has_one_code_of_two_letters():
    codes = {row["iso3"]: row["iso2"] for row in rows("codes")}
    assert set(codes) == {grid.place for grid in grids.all()}
    assert len(set(codes.values())) == len(codes)
    assert all(len(two) == 2 and two.isupper() for two in codes.values())
