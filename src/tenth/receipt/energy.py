"""Joules, grams and dollars from what the instruments said.

Each part of a machine is read by the first instrument that can. A meter of the whole machine holds
those parts; what it reads beyond them is the rest. A part that is there and that nothing reads
makes the sum unknown: it is not zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tenth.figures import Figure, product, total, unknown
from tenth.receipt.place import Place

_JOULES_PER_KWH = 3.6e6
_INSIDE = ("accelerators", "processor", "memory")


@dataclass(frozen=True)
class Told:
    """What one instrument said: joules by component, or why it said nothing."""

    instrument: str
    joules: Mapping[str, Figure] = field(default_factory=dict)
    missing: str = ""


@dataclass
class Account:
    """Joules in all and by component, and what became of each instrument."""

    figures: dict[str, Figure]
    instruments: dict[str, str]


def account(told: Sequence[Told], absent: str = "", accelerated: bool = False) -> Account:
    """The energy of a stretch of work, each component by the first instrument that reads it.

    Args:
        told: what the instruments said, the most believed first.
        absent: why accelerators are not this work's; empty if they may be.
        accelerated: whether the machine has accelerators.
    """
    parts: dict[str, Figure] = {}
    fate: dict[str, str] = {}
    for one in told:
        fate[one.instrument] = one.missing or _take(parts, one, absent)
    if accelerated and not absent and "accelerators" not in parts:
        reasons = "; ".join(one.missing for one in told if one.missing and not one.joules)
        parts["accelerators"] = unknown("J", f"accelerators are not metered: {reasons}")
    whole = parts.pop("whole", None)
    inside = [parts[name] for name in _INSIDE if name in parts]
    energy = _sum(inside)
    figures = {f"energy_joules_{name}": parts[name] for name in _INSIDE if name in parts}
    if whole is not None and whole.known:
        if energy.known and energy.bounds()[1] > whole.bounds()[2]:
            fate["external meter"] = "it reads less than the parts of the machine do"
        else:
            if energy.known:
                figures["energy_joules_rest"] = _rest(whole, energy)
            energy = whole
    return Account({"energy_joules": energy, **figures}, fate)


def _take(parts: dict[str, Figure], one: Told, absent: str) -> str:
    """Take what is not yet read, and say what became of the instrument."""
    used, why, beside = [], "", []
    for name, figure in one.joules.items():
        if name == "accelerators" and absent:
            why = absent
        elif not figure.known:
            why = figure.reason
            parts.setdefault(name, figure)
        elif name not in parts or not parts[name].known:
            parts[name] = _after(parts.get(name), figure)
            used.append(name)
        elif name == "accelerators":  # of another vendor
            parts[name] = total([parts[name], figure])
            used.append(name)
        else:
            beside.append(f"{name} {figure}, where {parts[name]} was read")
    told = [f"reads {', '.join(used)}"] if used else [why] if why else []
    told += [f"would say {', '.join(beside)}"] if beside else []
    return "; ".join(told) or "reads nothing here"


def _after(failed: Figure | None, figure: Figure) -> Figure:
    if failed is None:
        return figure
    return replace(figure, source=f"{figure.source}; instead of: {failed.reason}")


def _sum(parts: Sequence[Figure]) -> Figure:
    if not parts:
        return unknown("J", "nothing here meters energy")
    return total(parts, "; ".join(part.source for part in parts))


def _rest(whole: Figure, inside: Figure) -> Figure:
    """What the meter of the machine reads beyond the parts of it."""
    value, low, high = whole.bounds()
    within, least, most = inside.bounds()
    value = max(0.0, value - within)
    low, high = min(value, max(0.0, low - most)), max(value, high - least)
    return Figure(value, "J", low, high, "modelled", "the meter of the machine − its parts")


def grams(energy: Figure, place: Place) -> Figure:
    """CO2e of this energy, location-based; no overhead of a data centre is added."""
    hours = Figure(1 / _JOULES_PER_KWH, "kWh/J", label="counted", source="3.6 MJ/kWh")
    source = f"energy × {place.carbon} ({place.carbon.source})"
    return product([energy, hours, place.carbon], "gCO2e", source)


def dollars(wall_seconds: float, price: Figure) -> Figure:
    """Clock time × price of an hour, with the doubt of the price; unknown without a price."""
    if not price.known:
        return unknown("USD", price.reason)
    value, low, high = (bound * wall_seconds / 3600 for bound in price.bounds())
    return Figure(value, "USD", low, high, "modelled", f"hours × {price} ({price.source})")
