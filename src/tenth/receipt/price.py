"""What an hour of a machine costs: given, or a dated row of the catalogue; its source says so."""

import math
from dataclasses import replace

from tenth.catalogue import devices, prices
from tenth.errors import InputError, must
from tenth.figures import Figure, unknown

_UNIT = "USD/h"


def hourly_price(price: float | Figure | None = None, device: str | None = None) -> Figure:
    """The price of an hour, with its source.

    Where nobody gives one, the catalogue's price of renting such a machine stands in, and says so.

    Raises:
        InputError: a negative price, a price in another unit, or an unknown device.
    """
    if isinstance(price, Figure):
        if price.unit != _UNIT:
            raise InputError(must("price of an hour", f"in {_UNIT}", price.unit))
        return price
    if price is not None:
        if not (math.isfinite(price) and price >= 0):
            raise InputError(must("price of an hour", "a number of USD, at least 0", price))
        return Figure(float(price), _UNIT, label="given", source="given by the user")
    if device is not None:
        return prices.per_hour(device)
    renting = prices.per_hour(devices.HERE)
    if not renting.known:
        reason = "no price given: pass price_usd_per_hour or a device of the catalogue"
        return unknown(_UNIT, reason)
    source = f"no price given: what renting such a machine costs; {renting.source}"
    return replace(renting, source=source)
