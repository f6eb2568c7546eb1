import pytest

from tenth.catalogue import CREDIT, devices, grids, prices
from tenth.errors import InputError
from tenth.figures import Figure, unknown
from tenth.plan import Assumptions
from tenth.plan.assumptions import of_device, of_place

H100 = devices.find("h100")


def test_a_given_price_is_the_users():
    price = Assumptions(price_usd_per_hour=2.0).price(H100)
    assert price.bounds() == (2.0, 2.0, 2.0)
    assert price.source == "user: 2 USD/h"


def test_a_tier_picks_one_row_of_the_catalogue():
    assert Assumptions(tier="hyperscaler").price(H100).value == 6.88
    assert Assumptions().price(H100).bounds() == (3.49, 2.69, 6.88)


def test_a_building_is_assumed_for_accelerators_and_not_on_a_desk():
    pue = Assumptions().building(H100)
    assert pue.value == 1.56
    assert pue.high == pytest.approx(1.56 * 1.1**1.645)
    for device in (devices.here(), devices.find("apple-m1"), devices.find("pi5")):
        assert Assumptions().building(device).bounds() == (1, 1, 1)
    assert Assumptions(pue=1.1).building(H100).source == "PUE 1.1, user"


@pytest.mark.parametrize(
    ("assume", "words"),
    [
        (Assumptions(pue=0.9), "pue must be at least 1"),
        (Assumptions(pue=float("nan")), "pue must be"),
    ],
)
def test_nonsense_buildings_are_refused(assume, words):
    with pytest.raises(InputError, match=words):
        assume.building(H100)


def test_nonsense_prices_are_refused():
    with pytest.raises(InputError, match="price_usd_per_hour must be"):
        Assumptions(price_usd_per_hour=-1).price(H100)


def test_no_device_is_this_machine_and_a_device_is_itself():
    assert of_device(None).name == "here"
    assert of_device("here").name == "here"
    assert of_device(H100) is H100


def test_a_place_is_found():
    where = of_place("France")
    assert where.name == "FRA"
    assert CREDIT in where.carbon.source
    assert CREDIT in where.notes[0]
    with pytest.raises(InputError, match="place must be"):
        of_place("Atlantis")


def test_without_a_place_carbon_is_unknown_and_the_span_is_offered():
    where = of_place(None)
    assert not where.known
    carbon = where.emitted(Figure(1000.0, "kWh"))
    assert carbon.value is None
    least, most = grids.span()
    assert f"{least.country} to" in carbon.reason
    assert f"20 kgCO2e in {least.country}" in carbon.reason
    assert f"1300 kgCO2e in {most.country}" in carbon.reason
    assert carbon.unit == "kgCO2e"


def test_without_energy_or_place_the_reason_is_that_of_the_energy():
    carbon = of_place(None).emitted(unknown("kWh", "no watts"))
    assert (carbon.value, carbon.reason) == (None, "no watts")


def test_a_users_prices_come_first():
    mine = (prices.Price("h100-sxm", "typical", 1.0, "accelerator", "us", "2026", "contract"),)
    assume = Assumptions(prices=mine)
    assert assume.price(H100).bounds() == (1, 1, 1)
    assert {tier: price.value for tier, price in assume.tiers(H100).items()} == {"typical": 1.0}
    assert Assumptions(tier="low").tiers(H100) == {}
    assert Assumptions(price_usd_per_hour=2.0).tiers(H100) == {}
    assert list(Assumptions().tiers(H100)) == ["low", "typical", "hyperscaler"]
