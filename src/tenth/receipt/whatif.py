"""The same work in another place, at another price, on another device: always an estimate.

On a device of another kind, such as an accelerator for a processor, time is not worked out from the
ratio of peaks: how much of it this work would fill is what decides, and small work fills next to
nothing. It is estimated there only from an MFU that somebody gives.

What is a factor of both sides, such as the energy where only the place is another one, errs in both
alike: it cancels, and the interval of the ratio is that of what is otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tenth.catalogue import devices, machine, prices
from tenth.errors import InputError, must
from tenth.figures import Figure, product, unknown
from tenth.receipt.compare import Comparison
from tenth.receipt.place import Place
from tenth.receipt.price import hourly_price
from tenth.receipt.rows import Paired, Row
from tenth.receipt.stage import total_of

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

_COSTS = ("wall_seconds", "energy_joules", "carbon_gco2e", "price_usd")
# the share of its peak that the work reached here ÷ there: small work fills no large device
_EFFICIENCY = Figure(1.0, "×", 1 / 3, 30.0, "estimated", "share of the peak, here ÷ there")
_KWH = Figure(1 / 3.6e6, "kWh/J", label="counted", source="3.6 MJ/kWh")
_HOUR = Figure(1 / 3600, "h/s", label="counted", source="3,600 s/h")
_SAME = "as it was"
# a building's energy over that of its machines, ×/÷ 1.17; Green Algorithms, 2025 data
_PUE = Figure(1.56, "", 1.334, 1.825, "given", "PUE 1.56 of an unknown site")
_IN_A_BUILDING = ("gpu", "tpu")
_WARNING = "Nothing ran there: each figure of this column is estimated from what ran here."


@dataclass(frozen=True)
class Otherwise:
    """What is to be otherwise; None: as it was.

    Args:
        place: ISO 3166-1 alpha-3 code of a country.
        device: a device of the catalogue.
        price_usd_per_hour: what an hour costs there.
        ran_on: the catalogue's device that it did run on, where this machine is another one.
        mfu: the share of the other device's peak that the work's FLOPs reach there.
    """

    place: str | None = None
    device: str | None = None
    price_usd_per_hour: float | None = None
    ran_on: str | None = None
    mfu: float | None = None


def what_if(receipt: Receipt, otherwise: Otherwise) -> Comparison:
    """What the same work would have cost; a row's reference is what it did cost.

    Raises:
        InputError: nothing is otherwise; no such place or device; nobody said what it ran on, or
            how much of a device of another kind it fills.
    """
    if otherwise == Otherwise(ran_on=otherwise.ran_on, mfu=otherwise.mfu):
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
        "carbon_gco2e": _carbon(was, energy, place, receipt.place),
        "price_usd": _money(was, seconds, price),
    }
    rows = {
        name: Row(name, _estimated(found[name]), was[name], _same(found[name], was[name]))
        for name in _COSTS
    }
    carbon = rows["carbon_gco2e"]
    rows["carbon_gco2e"] = _sharing(carbon, rows["energy_joules"], receipt.place, place)
    changes = [f"on {otherwise.device}"] if otherwise.device else []
    if otherwise.place:
        changes.append(f"in {place.name}")
    if otherwise.price_usd_per_hour is not None:
        changes.append(f"at {otherwise.price_usd_per_hour:g} USD/h")
    title = f"{receipt.title}, {', '.join(changes)} (estimated)"
    notes = [_WARNING]
    if otherwise.device:
        notes += [f"time: {seconds.source}", f"energy: {energy.source}"]
    return Comparison(title, "as it was", list(rows.values()), notes, reference="was")


def _work(receipt: Receipt, was: dict[str, Figure], otherwise: Otherwise) -> tuple[Figure, Figure]:
    """Seconds and joules of the work on a device, its building included where it stands in one."""
    if otherwise.device is None:
        return was["wall_seconds"], was["energy_joules"]
    there = devices.find(otherwise.device)
    seconds = _by_mfu if otherwise.mfu is not None else _by_peaks
    time = seconds(receipt, was["wall_seconds"], there, otherwise)
    watts, building = there.node_watts, []
    source = f"seconds × {watts} ({watts.source})"
    if there.kind in _IN_A_BUILDING:
        building, source = [_PUE], f"{source} × {_PUE.source}"
    return time, product([time, watts, *building], "J", source)


def _by_mfu(receipt: Receipt, clock: Figure, there: devices.Device, otherwise: Otherwise) -> Figure:
    """FLOPs ÷ (peak × MFU); the receipt's clock says nothing of another device."""
    share = otherwise.mfu
    if share is None or not 0 < share <= 1:
        raise InputError(must("mfu", "above 0, and 1 at most", share))
    having = any("flops_executed" in stage.figures for stage in receipt.stages)
    flops = total_of(receipt.stages, "flops_executed") if having else None
    if flops is None or not flops.known:
        why = flops.reason if flops else "no stage counted FLOPs"
        raise InputError(must("the FLOPs of the receipt", "known, to work with an MFU", why))
    source = f"FLOPs executed ÷ (peak of {there.name} × MFU {share:g} as given)"
    given = Figure(1 / share, "", label="given", source="given by the user")
    return product([flops, _inverse(there.peak_flops), given], "s", source)


def _by_peaks(
    receipt: Receipt, clock: Figure, there: devices.Device, otherwise: Otherwise
) -> Figure:
    """Seconds × peak here ÷ peak there, between devices of one kind alone."""
    here = _ran_on(receipt, otherwise)
    if here.kind != there.kind:
        raise InputError(
            f"the time on {there.name} ({there.kind}) cannot be told from that on {here.name} "
            f"({here.kind}): starting an operation there may take longer than all of its "
            "arithmetic, so the ratio of peaks says nothing. Give the share of its peak that this "
            "work reaches with --mfu, or make a plan for it with `tenth plan`."
        )
    source = f"seconds × peak of {here.name} ÷ peak of {there.name}, ÷ 3 to × 30"
    inverse = _inverse(there.peak_flops)
    return product([clock, here.peak_flops, inverse, _EFFICIENCY], "s", source)


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


def _carbon(was: dict[str, Figure], energy: Figure, place: Place, here: Place) -> Figure:
    if energy == was["energy_joules"] and place == here:
        return was["carbon_gco2e"]
    source = f"energy × {place.carbon} ({place.carbon.source})"
    return product([energy, _KWH, place.carbon], "gCO2e", source)


def _same(found: Figure, was: Figure) -> str:
    return _SAME if found.known and found == was else ""


def _sharing(carbon: Row, energy: Row, here: Place, there: Place) -> Row:
    """The row of carbon, its ratio that of the energies, of the grids, or of both.

    Only if what it was is energy × grid, as the meter makes it.
    """
    if carbon.why_no_ratio or not _is_product(carbon.reference, energy.reference, here):
        return carbon
    ratios = [] if energy.why_no_ratio else [energy.ratio]
    if there != here:
        ratios.append(Row("grid", there.carbon, here.carbon).ratio)
    ratio = product(ratios, "×", "of what is otherwise; what both sides share cancels")
    return Paired(carbon.name, carbon.value, carbon.reference, paired=_estimated(ratio))


def _is_product(carbon: Figure, energy: Figure, place: Place) -> bool:
    made = product([energy, _KWH, place.carbon], "gCO2e", "")
    if made.value is None or carbon.value is None:
        return False
    return math.isclose(made.value, carbon.value, rel_tol=1e-6)


def _money(was: dict[str, Figure], seconds: Figure, price: Figure | None) -> Figure:
    if price is None:
        return was["price_usd"]
    if not price.known:
        return unknown("USD", price.reason)
    return product([seconds, _HOUR, price], "USD", f"hours × {price} ({price.source})")


def _estimated(figure: Figure) -> Figure:
    return replace(figure, label="estimated") if figure.known else figure
