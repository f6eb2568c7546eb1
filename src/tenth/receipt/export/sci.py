"""Software Carbon Intensity, ISO/IEC 21031:2024: SCI = ((E × I) + M) per R.

Location-based carbon only: the standard allows neither market factors nor offsets.
"""

from typing import Any

from tenth.receipt.export import tally, telling
from tenth.receipt.export.facts import Facts
from tenth.receipt.export.filled import Filled, Sheet
from tenth.receipt.record import Receipt

STANDARD = "ISO/IEC 21031:2024"
_NO_UNIT = "nobody gave the functional unit and how many of them the receipt made"


def fill(receipt: Receipt, facts: Facts) -> Filled:
    """The SCI score with its parts E, I, M and R; without M or R there is no score."""
    sheet, content = Sheet(), _head(receipt, facts)
    energy, carbon = tally.energy_kwh(receipt), tally.carbon_gco2e(receipt)
    embodied, units = tally.embodied_gco2e(receipt, facts), facts["functional_units"]
    sheet.figure(content, "E_kwh", energy, required=True)
    sheet.figure(content, "I_gco2e_per_kwh", receipt.place.carbon, required=True)
    sheet.figure(content, "O_gco2e", carbon, required=True)
    sheet.figure(content, "M_gco2e", embodied, required=True)
    why = embodied.reason or "the catalogue's figure of an hour of the device has no parts"
    sheet.put(content, "M_parts", _parts(receipt, facts), why)
    sheet.put(content, "R", facts["functional_unit"], _NO_UNIT, required=True)
    sheet.put(content, "R_count", units, _NO_UNIT, required=True)
    sheet.put(content, "score_gco2e_per_R", *_score(carbon.value, embodied.value, units))
    if carbon.value is not None and units is not None:
        content["O_gco2e_per_R"] = carbon.value / units
    if why := telling.place_open(receipt):
        sheet.leave("I_place", why)
    content["notes"] = [
        f"E: {telling.said(energy)}",
        f"I: {telling.said(receipt.place.carbon)}",
        f"O = E × I: {telling.said(carbon)}",
        f"M: {telling.said(embodied)}",
        *filter(None, [telling.credit(receipt)]),
    ]
    return sheet.filled("sci", content)


def _head(receipt: Receipt, facts: Facts) -> dict[str, Any]:
    stages = ", ".join(stage.name for stage in receipt.stages) or "no stages"
    return {
        "standard": STANDARD,
        "software": receipt.title,
        "date": receipt.created,
        "boundary": {
            "in": f"{telling.scope(receipt)}: {stages}",
            "out": "idle share of the machine, cooling and other overhead of the site, network",
            **({"given": facts["boundary"]} if facts["boundary"] else {}),
        },
    }


def _parts(receipt: Receipt, facts: Facts) -> list[dict[str, Any]] | None:
    if facts["embodied"] is None:
        return None
    reserved = facts["time_reserved_hours"]
    if reserved is None:
        reserved = tally.scaled(tally.wall_seconds(receipt), "h", over=3600).value
    names = {
        "name": "name",
        "TE_gco2e": "total_gco2e",
        "EL_hours": "lifespan_hours",
        "RR": "resources_reserved",
        "ToR": "resources_total",
    }
    return [
        {key: part[name] for key, name in names.items()} | {"TiR_hours": reserved}
        for part in facts["embodied"]
    ]


def _score(
    carbon: float | None, embodied: float | None, units: float | None
) -> tuple[float | None, str]:
    if carbon is None or embodied is None:
        return None, "the score needs both E × I and M"
    if units is None:
        return None, _NO_UNIT
    return (carbon + embodied) / units, ""
