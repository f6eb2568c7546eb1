import pytest

from tenth.errors import InputError
from tenth.figures import Figure
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


def test_without_a_price_it_is_unknown_and_says_what_to_do():
    assert "price_usd_per_hour" in hourly_price(None, None).reason


@pytest.mark.parametrize("price", [-1, float("nan"), float("inf"), Figure(1.0, "EUR/h")])
def test_what_is_no_price_is_refused(price):
    with pytest.raises(InputError, match="price"):
        hourly_price(price, None)


def test_a_device_that_is_not_in_the_catalogue_is_refused():
    with pytest.raises(InputError, match="h100"):
        hourly_price(None, "h1000")
