"""The story as people read it: two tables, and what follows from them and what does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenth.figures import Figure, Way, rounded
from tenth.plan.advice.sides import Side, both
from tenth.plan.twelve_million.again import TIERS, Again
from tenth.plan.twelve_million.parts import CHIPS, PRESS_USD, PUE

_TENTH = PRESS_USD / 10
_MARKS = {"over a year old": "*", "unverified": "?"}
_RATED = "H100"


@dataclass(frozen=True)
class Story:
    """What the figure was made of (`parts`), the same training today (`rows`), and what follows."""

    parts: Mapping[str, Figure]
    rows: tuple[Again, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        made = [["figure", "value", "label", "source"]]
        made += [
            [name, _said(figure), figure.label, figure.source]
            for name, figure in self.parts.items()
        ]
        today = [["device", "MFU", "device-hours", *TIERS, "energy, MWh"], *map(_row, self.rows)]
        flops = self.parts["training_flops"].bounds()[0]
        return "\n".join(
            [
                "the 12 million dollars of GPT-3",
                "",
                "What it was made of:",
                "",
                *_columns(made),
                "",
                f"The same {flops:.3g} FLOP at the catalogue's prices, in USD:",
                "",
                *_columns(today),
                "",
                *self.notes,
            ]
        )

    def to_json(self) -> dict[str, Any]:
        """The story as plain values."""
        return {
            "format": "tenth-retelling/1",
            "parts": {name: figure.to_json() for name, figure in self.parts.items()},
            "rows": [row.to_json() for row in self.rows],
            "notes": list(self.notes),
        }


def notes(parts: Mapping[str, Figure], rows: Sequence[Again]) -> tuple[str, ...]:
    """What follows, what does not, and whose prices they are."""
    asked = [
        (row, price) for row in rows for price in row.prices.values() if price.value is not None
    ]
    under = [(row, price) for row, price in asked if price.bounds()[0] <= _TENTH]
    ranged = [(row, price) for row, price in under if price.low != price.high]
    surely = [price for _, price in ranged if price.bounds()[2] <= _TENTH]
    exact = ", ".join(dict.fromkeys(row.name for row, price in under if price.low == price.high))
    names = ", ".join(dict.fromkeys(row.name for row, _ in under))
    told = f"None of these {len(asked)} prices is a tenth of 12 million."
    if under:
        told = (
            f"{len(under)} of these {len(asked)} prices are a tenth of 12 million or less "
            f"({names}), {len(surely)} of them with the whole interval"
            f"{f'; that of {exact} has none, its hours being published' if exact else ''}. "
            "That falls out of newer devices and cheaper sellers, without tenth: tenth claims no "
            "part in it."
        )
    rated = next(row for row in rows if row.name == _RATED)
    return (
        told,
        both(_told(parts), _today(rated)),
        f"Energy: {parts['energy_published_kwh'].bounds()[0] / 1e3:,.0f} MWh was published; "
        f"{_span(rated.energy, 'kWh')} MWh on {rated.name} by plan, at the PUE of {PUE:.2f} of "
        "then. Other devices again, so no ratio either.",
        "One final run: search, failures, data and people are in neither side.",
        *_dates(rows),
    )


def _told(parts: Mapping[str, Figure]) -> Side:
    price = f"{parts['price_per_hour'].bounds()[0]:.2f} USD/h, list price of 2020"
    return Side("GPT-3 as told", parts["price_usd"], f"{CHIPS:,} V100", price, "GPT-3")


def _today(row: Again) -> Side:
    price = row.prices.get("typical") or next(iter(row.prices.values()))
    return Side(f"the same on {row.name}", price, row.device, _row_of(price), "no model was made")


def _dates(rows: Sequence[Again]) -> list[str]:
    """Whose prices they are, once a device."""
    by_device = {row.device: row for row in rows}
    lines = [
        f"{device}: " + "; ".join(_row_of(price) for price in row.prices.values())
        for device, row in by_device.items()
    ]
    return [f"Prices, * over a year old, ? unverified. {lines[0]}.", *(f"{x}." for x in lines[1:])]


def _row_of(price: Figure) -> str:
    return price.source.removeprefix("hours × price (table: ").removesuffix(")")


def _row(row: Again) -> list[str]:
    prices = [row.prices.get(tier) for tier in TIERS]
    return [
        row.name,
        f"{row.mfu:.2f}" if row.hours.label == "estimated" else f"{row.mfu:.3f}",
        _span(row.hours),
        *("-" if price is None else _marked(price) for price in prices),
        _span(row.energy, "kWh"),
    ]


def _marked(price: Figure) -> str:
    marks = "".join(mark for word, mark in _MARKS.items() if word in price.source)
    return _span(price, "USD") + marks


def _span(figure: Figure, silent: str = "") -> str:
    """Value and interval; the unit `silent` stands in the head of the table."""
    if not figure.known:
        return "unknown"
    ways: tuple[Way, Way, Way] = ("nearest", "down", "up")
    bounds = zip(figure.bounds(), ways, strict=True)
    value, low, high = (_short(bound, figure.unit, silent, way) for bound, way in bounds)
    return value if figure.low == figure.high else f"{value} ({low} to {high})"


def _short(value: float, unit: str, silent: str, way: Way) -> str:
    """Large numbers in millions, with two digits."""
    scaled, word = (value / 1e6, " M") if value >= 1e6 else (value / 1e3, " k")
    name = "" if unit in (silent, "h") else f" {unit}"
    if unit == "kWh":
        scaled, word = value / 1e3, ""
    return f"{rounded(scaled, 2, way):,g}{word}{name}"


def _said(figure: Figure) -> str:
    """A part of the figure as it was said, not rounded to what a plan would say."""
    value = figure.bounds()[0]
    if figure.unit == "FLOP":
        return f"{value:.3g} FLOP"
    return f"{value:,.4g} {figure.unit}".strip() if value < 1000 else f"{value:,.0f} {figure.unit}"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
