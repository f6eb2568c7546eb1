"""A budget as people say it: a number and a unit, such as 500usd, 20kWh or 3days."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tenth.errors import InputError, must
from tenth.plan.checks import above_zero

Kind = Literal["money", "energy", "time", "carbon"]

# unit as typed -> what it limits, and how much of the figure's own unit it is
UNITS: dict[str, tuple[Kind, float]] = {
    "usd": ("money", 1.0),
    "Wh": ("energy", 1e-3),
    "kWh": ("energy", 1.0),
    "MWh": ("energy", 1e3),
    "GWh": ("energy", 1e6),
    "minutes": ("time", 1 / 1440),
    "hours": ("time", 1 / 24),
    "days": ("time", 1.0),
    "weeks": ("time", 7.0),
    "gCO2e": ("carbon", 1e-3),
    "kgCO2e": ("carbon", 1.0),
    "tCO2e": ("carbon", 1e3),
}
# other ways to write them; "mwh" is left out, as it may be thousandths or millions
_ALSO = {
    "USD": "usd",
    "wh": "Wh",
    "kwh": "kWh",
    "KWh": "kWh",
    "KWH": "kWh",
    "MWH": "MWh",
    "GWH": "GWh",
    "gwh": "GWh",
    "min": "minutes",
    "minute": "minutes",
    "h": "hours",
    "hour": "hours",
    "d": "days",
    "day": "days",
    "week": "weeks",
    "gco2e": "gCO2e",
    "kgco2e": "kgCO2e",
    "tco2e": "tCO2e",
}
_FIGURES: dict[Kind, str] = {
    "money": "price_usd",
    "energy": "energy_kwh",
    "time": "days",
    "carbon": "carbon_kgco2e",
}
_FORM = re.compile(r"(\d+(?:\.\d+)?(?:[eE]\+?\d+)?)\s*([A-Za-z][A-Za-z0-9]*)", re.ASCII)
_RULE = (
    "a number and a unit, one of usd, Wh, kWh, MWh, GWh, minutes, hours, days, weeks, gCO2e, "
    "kgCO2e, tCO2e"
)


@dataclass(frozen=True)
class Limit:
    """What must not be exceeded: `most` USD, kWh, days or kgCO2e; `words` as it was said."""

    kind: Kind
    most: float
    words: str

    @property
    def figure(self) -> str:
        """The name of the planned figure that it limits."""
        return _FIGURES[self.kind]


def read(text: str) -> Limit:
    """One limit from what was typed.

    >>> read("500usd").most, read("20 kWh").kind, read("36h").most
    (500.0, 'energy', 1.5)

    Raises:
        InputError: no number, no unit, another currency, or nothing at all to spend.
    """
    found = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise InputError(must("budget", _RULE, repr(text), "Such as 500usd, 20kWh or 3days."))
    unit = _ALSO.get(found[2], found[2])
    if unit not in UNITS:
        raise InputError(must("unit of a budget", _RULE, repr(found[2]), _remedy(found[2])))
    kind, scale = UNITS[unit]
    number = above_zero("budget", float(found[1]), "Such as 500usd.")
    most = above_zero("budget", number * scale)
    return Limit(kind, most, f"{found[1]} {_shown(unit, number)}")


def read_all(texts: Sequence[str]) -> tuple[Limit, ...]:
    """Limits that must all hold, one of a kind.

    Raises:
        InputError: none, two of a kind, or one that is not understood.
    """
    if isinstance(texts, str):
        texts = (texts,)
    limits = tuple(read(text) for text in texts)
    if not limits:
        raise InputError(must("budget", "given", "none", "Such as 500usd, 20kWh or 3days."))
    kinds = [limit.kind for limit in limits]
    for limit in limits:
        if kinds.count(limit.kind) > 1:
            raise InputError(must(f"a budget of {limit.kind}", "given once", "two of them"))
    return limits


def _remedy(unit: str) -> str:
    if unit.lower() == "mwh":
        return "MWh is a million watt-hours, Wh is one."
    if unit.lower() in ("eur", "gbp", "jpy", "cny", "inr", "chf"):
        return "Prices are in USD, and no rate of exchange is known here."
    return "Such as 500usd, 20kWh or 3days."


def _shown(unit: str, number: float) -> str:
    if unit == "usd":
        return "USD"
    return unit.removesuffix("s") if number == 1 else unit
