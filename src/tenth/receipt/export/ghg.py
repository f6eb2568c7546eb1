"""Lines for an inventory by the GHG Protocol: scope, category, method, kWh, factor, kgCO2e.

The electricity of an owned machine is Scope 2, once by location and once by market. That of a
rented machine is its owner's Scope 2 and the tenant's Scope 3. Building the hardware is Scope 3: of
category 2 for whoever bought it; a tenant has no capital good, and bought a service.

Source: GHG Protocol Corporate Standard; Scope 2 Guidance (2015), ch. 6; Scope 3 Standard (2011).
"""

from typing import Any

from tenth.figures import Figure
from tenth.receipt.export import tally, telling
from tenth.receipt.export.facts import Facts
from tenth.receipt.export.filled import Filled, Sheet
from tenth.receipt.record import Receipt

_NO_OWNER = "nobody said whether the machine is owned or rented"
_OWNED = ("2", "purchased electricity")
_RENTED = ("3", "1, purchased goods and services (8, upstream leased assets, if it is a lease)")
_CAPITAL = "2, capital goods"
_LIFE_CYCLE = (
    "The location-based factor is of the whole life cycle: its upstream part belongs to Scope 3, "
    "category 3. Do not add it to factors of direct combustion in one total."
)


def fill(receipt: Receipt, facts: Facts) -> Filled:
    """One line by location, one by market, and one for the hardware."""
    sheet = Sheet()
    energy, factor = tally.energy_kwh(receipt), receipt.place.carbon
    carbon = tally.carbon_gco2e(receipt)
    market, embodied = tally.market_gco2e(receipt, facts), tally.embodied_gco2e(receipt, facts)
    lines = [
        _electricity(sheet, facts, "location", energy, factor, carbon),
        _electricity(sheet, facts, "market", energy, tally.market_factor(facts), market),
        _hardware(sheet, facts, embodied),
    ]
    if why := telling.place_open(receipt):
        sheet.leave("place", why)
    lines[0]["factor_source"] = factor.source
    lines[1]["factor_source"] = facts["market_source"]
    notes = [
        f"kWh: {telling.said(energy)}",
        f"location: {telling.said(carbon)}",
        f"market: {telling.said(market)}",
        f"hardware: {telling.said(embodied)}",
        telling.boundary(receipt),
        *filter(None, [_different(carbon, energy, factor), telling.credit(receipt)]),
    ]
    if "life-cycle" in factor.source:
        notes.append(_LIFE_CYCLE)
    content = {
        "standard": "GHG Protocol",
        "activity": receipt.title,
        "date": receipt.created,
        "place": receipt.place.name,
        "lines": lines,
        "notes": notes,
    }
    return sheet.filled("ghg", content)


def _electricity(
    sheet: Sheet, facts: Facts, method: str, energy: Figure, factor: Figure, carbon: Figure
) -> dict[str, Any]:
    line: dict[str, Any] = {"scope": None, "category": None, "method": f"{method}-based"}
    rented = facts["rented"]
    if rented is None:
        sheet.leave(f"lines.{method}.scope", _NO_OWNER, required=True)
    else:
        line["scope"], line["category"] = _RENTED if rented else _OWNED
    line |= {"kwh": energy.value, "factor_gco2e_per_kwh": factor.value}
    line["kgco2e"] = tally.scaled(carbon, "kgCO2e", over=1000).value
    for name, figure in (("kwh", energy), ("factor_gco2e_per_kwh", factor), ("kgco2e", carbon)):
        if not figure.known:
            # by market is asked only of whoever buys electricity by contract
            required = method == "location"
            sheet.leave(f"lines.{method}.{name}", figure.reason, required=required)
    return line


def _hardware(sheet: Sheet, facts: Facts, embodied: Figure) -> dict[str, Any]:
    rented = facts["rented"]
    category = _RENTED[1] if rented else _CAPITAL
    if rented is None:
        category = None
        sheet.leave("lines.hardware.category", _NO_OWNER)
    if not embodied.known:
        sheet.leave("lines.hardware.kgco2e", embodied.reason)
    return {
        "scope": "3",
        "category": category,
        "method": "share of the time and of the resources reserved",
        "kgco2e": tally.scaled(embodied, "kgCO2e", over=1000).value,
    }


def _different(carbon: Figure, energy: Figure, factor: Figure) -> str:
    """A word where the metered carbon is not kWh × this factor: stages ran in several places."""
    if carbon.value is None or energy.value is None or factor.value is None:
        return ""
    if abs(carbon.value - energy.value * factor.value) <= 0.01 * carbon.value:
        return ""
    return "kgCO2e is as metered stage by stage; it is not kWh × the factor of this one place."
