"""Carbon of electricity by country: annual means, life-cycle, location-based.

Nothing here guesses where a machine stands. A plan or a receipt without a place has no carbon, and
offers `span()`.
"""

import math
from dataclasses import dataclass
from functools import cache

from tenth.catalogue.tables import Row, pick, rows, simplified
from tenth.figures import Figure, unknown

CREDIT = "Our World in Data, Ember, CC BY 4.0"

# an hour or a region of a country differs from its annual mean by about 30 % (one sigma)
_ANNUAL_FACTOR = math.exp(1.645 * math.log(1.30))
_SHORT_NAMES = {
    "UK": "GBR",
    "Great Britain": "GBR",
    "US": "USA",
    "United States of America": "USA",
    "UAE": "ARE",
    "Korea": "KOR",
    "Czech Republic": "CZE",
    "Türkiye": "TUR",
    "Côte d'Ivoire": "CIV",
}


@dataclass(frozen=True)
class Grid:
    """The electricity of one country; `carbon` is in gCO2e/kWh, or unknown with its reason."""

    place: str
    country: str
    year: int
    carbon: Figure


def all() -> tuple[Grid, ...]:
    """Every grid of the catalogue, in the order of its country code."""
    return tuple(_table().values())


def find(place: str) -> Grid:
    """The grid of a country, by its ISO 3166 code of three or two letters or its English name.

    >>> find("FRA").country, find("fr").country
    ('France', 'France')

    Raises:
        InputError: no such country; the message holds the near matches.
    """
    listing = [name for grid in all() for name in (grid.place, grid.country)]
    return pick(_names(), place, "place", listing=listing, hint="Give a country code such as FRA.")


@cache
def span() -> tuple[Grid, Grid]:
    """The countries with the least and with the most carbon in their electricity."""
    known = [grid for grid in all() if grid.carbon.known]
    known.sort(key=lambda grid: grid.carbon.bounds()[0])
    return known[0], known[-1]


@cache
def _table() -> dict[str, Grid]:
    return {row["iso3"]: _grid(row) for row in rows("grid")}


@cache
def _names() -> dict[str, Grid]:
    names = {simplified(name): _table()[iso3] for name, iso3 in _SHORT_NAMES.items()}
    names |= {simplified(row["iso2"]): _table()[row["iso3"]] for row in rows("codes")}
    for grid in all():
        names[simplified(grid.place)] = names[simplified(grid.country)] = grid
    return names


def _grid(row: Row) -> Grid:
    value, year = float(row["gco2e_per_kwh"] or 0), int(row["year"])
    if value <= 0:
        carbon = unknown("gCO2e/kWh", f"{row['country']}: the table holds no value for {year}")
    else:
        low, high = value / _ANNUAL_FACTOR, value * _ANNUAL_FACTOR
        source = f"table: {row['country']} {year}, annual mean, life-cycle; {CREDIT}"
        carbon = Figure(value, "gCO2e/kWh", low, high, "given", source)
    return Grid(row["iso3"], row["country"], year, carbon)
