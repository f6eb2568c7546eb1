"""The figures that forms ask for, from a receipt, in their units."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from tenth.catalogue import devices as catalogue
from tenth.catalogue import embodied
from tenth.figures import Figure, product, total, unknown
from tenth.receipt import words
from tenth.receipt.export.facts import Facts
from tenth.receipt.record import Receipt

JOULES_PER_KWH = 3.6e6


def metered(receipt: Receipt, name: str, unit: str) -> Figure:
    """The receipt's total of a figure; unknown if no stage has it."""
    return words.total_of(receipt, name) or unknown(unit, "no stage of the receipt metered it")


def scaled(figure: Figure, unit: str, *, times: float = 1, over: float = 1) -> Figure:
    """The same figure in another unit.

    >>> scaled(Figure(7.2e6, "J"), "kWh", over=3.6e6).value
    2.0
    """
    if not figure.known:
        return replace(figure, unit=unit)
    value, low, high = (bound * times / over for bound in figure.bounds())
    return replace(figure, value=value, low=low, high=high, unit=unit)


def energy_kwh(receipt: Receipt) -> Figure:
    """Energy of all stages: search, restarts and failures too."""
    return scaled(metered(receipt, "energy_joules", "J"), "kWh", over=JOULES_PER_KWH)


def carbon_gco2e(receipt: Receipt) -> Figure:
    """Operational carbon of all stages, location-based."""
    return metered(receipt, "carbon_gco2e", "gCO2e")


def market_factor(facts: Facts) -> Figure:
    """Carbon of a kWh as bought by contract: unknown unless given."""
    factor = facts["market_gco2e_per_kwh"]
    if factor is None:
        return unknown("gCO2e/kWh", "no factor of an electricity contract was given")
    source = facts["market_source"] or "given by the user"
    return Figure(factor, "gCO2e/kWh", label="given", source=source)


def market_gco2e(receipt: Receipt, facts: Facts) -> Figure:
    """Operational carbon by contract: unknown unless a factor is given."""
    factor = market_factor(facts)
    source = f"energy × {factor} ({factor.source})"
    return product([energy_kwh(receipt), factor], "gCO2e", source)


def wall_seconds(receipt: Receipt) -> Figure:
    """Time on the clock, stages one after the other."""
    return metered(receipt, "wall_seconds", "s")


def devices(receipt: Receipt, facts: Facts) -> Figure:
    """How many devices worked: as given, else the accelerators seen, else the one machine."""
    if facts["devices"] is not None:
        return Figure(facts["devices"], "devices", label="given", source="given by the user")
    seen = receipt.hardware.get("accelerators") or []
    source = "accelerators that the process saw" if seen else "one machine without accelerators"
    return Figure(max(1, len(seen)), "devices", label="counted", source=source)


def device_hours(receipt: Receipt, facts: Facts) -> Figure:
    """Hours × devices: reserved ones count, busy or not."""
    hours = scaled(wall_seconds(receipt), "h", over=3600)
    number = devices(receipt, facts)
    if not hours.known or number.value is None:
        return hours
    times = scaled(hours, "h", times=number.value)
    return replace(times, source=f"{hours.source} × {number.value:g} ({number.source})")


def embodied_gco2e(receipt: Receipt, facts: Facts) -> Figure:
    """M of ISO/IEC 21031: each part's TE × (TiR ÷ EL) × (RR ÷ ToR), summed.

    TiR is the time given as reserved, else the time on the clock. Where no parts are given, the
    catalogue's figure of an hour of the given device stands in, times the devices.

    Raises:
        InputError: a device that is not in the catalogue.
    """
    hours = scaled(wall_seconds(receipt), "h", over=3600)
    if facts["time_reserved_hours"] is not None:
        hours = Figure(facts["time_reserved_hours"], "h", label="given", source="given")
    if facts["embodied"] is not None:
        source = "TE × (TiR ÷ EL) × (RR ÷ ToR), TE as given"
        parts = [Figure(_an_hour(part), "gCO2e/h", label="given") for part in facts["embodied"]]
        return total((product([hours, part], "gCO2e", source) for part in parts), source)
    if facts["device"] is not None:
        each = scaled(embodied.per_hour(catalogue.find(facts["device"])), "gCO2e/h", times=1000)
        source = f"device-hours × {each} ({each.source})"
        return product([hours, devices(receipt, facts), each], "gCO2e", source)
    return unknown("gCO2e", "nobody gave the embodied carbon of the hardware")


def _an_hour(part: dict[str, float]) -> float:
    share = part["resources_reserved"] / part["resources_total"]
    return part["total_gco2e"] / part["lifespan_hours"] * share


def parameters(receipt: Receipt) -> Figure:
    """How many parameters the finished model has; kept weights alone are another number."""
    for size in receipt.sizes:
        if size.name == "parameters":
            return size.after
    return receipt.plan.get("parameters") or unknown(
        "parameters", "the receipt has no size called parameters"
    )


def started(receipt: Receipt) -> datetime | None:
    """When the first stage that says so began, in UTC."""
    found = [stage.notes.get("started") for stage in receipt.stages]
    times = [moment(text) for text in found if isinstance(text, str)]
    return min((time for time in times if time is not None), default=None)


def moment(text: str) -> datetime | None:
    """A time in UTC from ISO 8601; None if it is none. Without an offset it counts as UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def identity(receipt: Receipt) -> str:
    """An identifier of the receipt: the same one at each export of it."""
    run = receipt.run
    words = (run.id, run.node, run.process, receipt.created, receipt.title)
    return str(uuid5(NAMESPACE_URL, f"tenth-receipt:{json.dumps(words)}"))
