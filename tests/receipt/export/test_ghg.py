import pytest

from tenth.figures import Figure
from tenth.receipt import Stage
from tenth.receipt.export import export
from tenth.receipt.place import Place

from .samples import ALL_FACTS, plain


def lines(receipt, facts=None):
    found = export(receipt, "ghg", facts).content["lines"]
    assert [line["method"] for line in found[:2]] == ["location-based", "market-based"]
    return found


def test_an_owned_machine_by_hand():
    location, market, hardware = lines(plain(), ALL_FACTS)
    assert (location["scope"], location["kwh"]) == ("2", pytest.approx(2.0))
    assert location["kgco2e"] == pytest.approx(0.2)
    assert market["kgco2e"] == 0  # hydro by contract, as given
    assert market["factor_source"] == "hydro contract 2026"
    assert (hardware["scope"], hardware["category"][0]) == ("3", "2")
    assert hardware["kgco2e"] == pytest.approx(0.173605, rel=1e-5)


def test_without_a_contract_market_is_null_and_open():
    filled = export(plain(), "ghg", {"rented": False})
    market = filled.content["lines"][1]
    assert market["kgco2e"] is None
    assert market["factor_gco2e_per_kwh"] is None
    assert "lines.market.kgco2e" in {gap.field for gap in filled.open}
    assert filled.complete


def test_a_rented_machine_is_scope_3():
    location, _, hardware = lines(plain(), {"rented": True})
    assert location["scope"] == "3"
    # a tenant bought a service: the machine is its owner's capital good
    assert hardware["scope"] == "3"
    assert hardware["category"] == location["category"]
    assert "capital" not in hardware["category"]


def test_nobody_said_whose_machine_it_is():
    filled = export(plain(), "ghg")
    assert filled.content["lines"][0]["scope"] is None
    assert filled.content["lines"][2]["category"] is None
    assert "lines.hardware.category" in {gap.field for gap in filled.open}
    assert not filled.complete


def test_a_published_inventory_comes_out():
    """Llama 3.1 405B: 30.84 million hours at 700 W; 8,930 t by location, 0 by market.

    Source: its model card; the factor is what the two figures imply.
    """
    kwh = 30.84e6 * 0.7
    facts = {"rented": False, "market_gco2e_per_kwh": 0.0}
    location, market, _ = lines(plain(kwh=kwh, factor=8930e6 / kwh), facts)
    assert location["kgco2e"] == pytest.approx(8_930_000)
    assert location["factor_gco2e_per_kwh"] == pytest.approx(413.7, abs=0.1)
    assert market["kgco2e"] == 0


def test_factors_of_the_life_cycle_are_marked():
    notes = " ".join(export(plain(), "ghg").content["notes"])
    assert "category 3" in notes
    given = Place("FRA", "France", Figure(50.0, "gCO2e/kWh", label="given", source="my meter"))
    notes = " ".join(export(plain(place=given), "ghg").content["notes"])
    assert "category 3" not in notes


def test_stages_in_several_places_are_told():
    there = {
        "energy_joules": Figure(3.6e6, "J"),
        "carbon_gco2e": Figure(700.0, "gCO2e"),
        "wall_seconds": Figure(1.0, "s"),
    }
    apart = plain(stages=[*plain().stages, Stage("elsewhere", there)])
    assert "not kWh × the factor" in str(export(apart, "ghg"))
    assert "not kWh × the factor" not in str(export(plain(), "ghg"))


def test_nowhere_is_no_place():
    from tenth.receipt.place import Place as Any

    filled = export(plain(place=Any.find()), "ghg")
    assert "place" in {gap.field for gap in filled.open}
