import pytest

from tenth.catalogue import prices
from tenth.errors import InputError
from tenth.figures import Figure, unknown
from tenth.receipt.price import hourly_price


def test_a_price_of_the_user_is_given_and_exact():
    price = hourly_price(2, None)
    assert price == Figure(2.0, "USD/h", label="given", source="given by the user")


def test_a_figure_keeps_its_interval():
    price = Figure(2.0, "USD/h", 1.0, 3.0, "given", "three offers")
    assert hourly_price(price, "h100") is price


def test_a_device_has_a_dated_price():
    price = hourly_price(None, "h100")
    assert price.unit == "USD/h"
    assert price.low < price.value < price.high
    assert "20" in price.source


def test_without_a_price_it_is_what_renting_such_a_machine_costs_and_says_so():
    price = hourly_price(None, None)
    assert price.source.startswith("no price given: what renting such a machine costs; table")
    assert price.low < price.value < price.high


def test_where_nobody_rents_such_a_machine_it_is_unknown_and_says_what_to_do(monkeypatch):
    monkeypatch.setattr(prices, "per_hour", lambda device: unknown("USD/h", "no row"))
    assert "price_usd_per_hour" in hourly_price(None, None).reason


@pytest.mark.parametrize("price", [-1, float("nan"), float("inf"), Figure(1.0, "EUR/h")])
def test_what_is_no_price_is_refused(price):
    with pytest.raises(InputError, match="price"):
        hourly_price(price, None)


def test_a_device_that_is_not_in_the_catalogue_is_refused():
    with pytest.raises(InputError, match="h100"):
        hourly_price(None, "h1000")
