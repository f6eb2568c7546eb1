"""The same work in another place, at another price, on another device: always an estimate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tenth.catalogue import devices, machine, prices
from tenth.errors import InputError, must
from tenth.figures import Figure, product, unknown
from tenth.receipt.compare import Comparison
from tenth.receipt.place import Place
from tenth.receipt.price import hourly_price
from tenth.receipt.rows import Row
from tenth.receipt.stage import total_of

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

_COSTS = ("wall_seconds", "energy_joules", "carbon_gco2e", "price_usd")
# the share of its peak that the work reached here ÷ there: small work fills no large device
_EFFICIENCY = Figure(1.0, "×", 1 / 3, 30.0, "estimated", "share of the peak, here ÷ there")
_KWH = Figure(1 / 3.6e6, "kWh/J", label="counted", source="3.6 MJ/kWh")
_HOUR = Figure(1 / 3600, "h/s", label="counted", source="3,600 s/h")
_SAME = "as it was"
_WARNING = "Nothing ran there: each figure of this column is estimated from what ran here."


@dataclass(frozen=True)
class Otherwise:
    """What is to be otherwise; None: as it was.

    Args:
        place: ISO 3166-1 alpha-3 code of a country.
        device: a device of the catalogue.
        price_usd_per_hour: what an hour costs there.
        ran_on: the catalogue's device that it did run on, where this machine is another one.
    """

    place: str | None = None
    device: str | None = None
    price_usd_per_hour: float | None = None
    ran_on: str | None = None


def what_if(receipt: Receipt, otherwise: Otherwise) -> Comparison:
    """What the same work would have cost; a row's reference is what it did cost.

    Raises:
        InputError: nothing is otherwise; no such place or device; nobody said what it ran on.
    """
    if otherwise == Otherwise(ran_on=otherwise.ran_on):
        raise InputError(must("what-if", "of another place, device or price", "none of them"))
    having = {name for stage in receipt.stages for name in stage.figures}
    was = {name: total_of(receipt.stages, name) for name in _COSTS if name in having}
    if set(was) != set(_COSTS):
        raise InputError(must("receipt", "one with time, energy, carbon and money", "less"))
    place = Place.find(otherwise.place) if otherwise.place else receipt.place
    seconds, energy = _work(receipt, was, otherwise)
    price = _price(otherwise)
    found = {
        "wall_seconds": seconds,
        "energy_joules": energy,
        "carbon_gco2e": _carbon(was, energy, place, otherwise),
        "price_usd": _money(was, seconds, price),
    }
    rows = [
        Row(name, _estimated(found[name]), was[name], _SAME if found[name] == was[name] else "")
        for name in _COSTS
    ]
    changes = [word for word in (otherwise.device, otherwise.place and place.name) if word]
    if otherwise.price_usd_per_hour is not None:
        changes.append(f"{otherwise.price_usd_per_hour:g} USD/h")
    title = f"{receipt.title}, if with {', '.join(changes)} (estimated)"
    return Comparison(title, "as it was", rows, [_WARNING])


def _work(receipt: Receipt, was: dict[str, Figure], otherwise: Otherwise) -> tuple[Figure, Figure]:
    """Seconds and joules of the work, by the ratio of peaks where the device is another."""
    if otherwise.device is None:
        return was["wall_seconds"], was["energy_joules"]
    there, here = devices.find(otherwise.device), _ran_on(receipt, otherwise)
    source = f"seconds × peak of {here.name} ÷ peak of {there.name}, ÷ 3 to × 30"
    inverse = _inverse(there.peak_flops)
    seconds = product([was["wall_seconds"], here.peak_flops, inverse, _EFFICIENCY], "s", source)
    watts = there.node_watts
    return seconds, product([seconds, watts], "J", f"seconds × {watts} ({watts.source})")


def _ran_on(receipt: Receipt, otherwise: Otherwise) -> devices.Device:
    if otherwise.ran_on is not None:
        return devices.find(otherwise.ran_on)
    known = receipt.hardware.get("cpu") == machine.cpu_name()
    if known and not receipt.hardware.get("accelerators"):
        return devices.here(receipt.hardware.get("threads"))
    rule = "named, as this machine is another one or has accelerators"
    raise InputError(must("the device that it ran on", rule, "none", "Give it with --ran-on."))


def _inverse(figure: Figure) -> Figure:
    if not figure.known:
        return figure
    value, low, high = figure.bounds()
    return Figure(1 / value, figure.unit, 1 / high, 1 / low, figure.label, figure.source)


def _price(otherwise: Otherwise) -> Figure | None:
    if otherwise.price_usd_per_hour is not None:
        return hourly_price(otherwise.price_usd_per_hour)
    return prices.per_hour(otherwise.device) if otherwise.device else None


def _carbon(was: dict[str, Figure], energy: Figure, place: Place, otherwise: Otherwise) -> Figure:
    if otherwise.place is None and otherwise.device is None:
        return was["carbon_gco2e"]
    source = f"energy × {place.carbon} ({place.carbon.source})"
    return product([energy, _KWH, place.carbon], "gCO2e", source)


def _money(was: dict[str, Figure], seconds: Figure, price: Figure | None) -> Figure:
    if price is None:
        return was["price_usd"]
    if not price.known:
        return unknown("USD", price.reason)
    return product([seconds, _HOUR, price], "USD", f"hours × {price} ({price.source})")


def _estimated(figure: Figure) -> Figure:
    return replace(figure, label="estimated") if figure.known else figure
