"""A plan: figures with their intervals, what was assumed, and how each number came about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tenth.figures import Figure, Way, human, rounded

FORMAT = "tenth-plan/1"
NOTHING_TRAINED = "nothing is trained"

_DIGITS = 2
_HUGE = 1e18  # FLOPs from here on are told as a power of ten
_LEAST_USD = 1e-6  # a sum below is next to nothing, and told so
_SECONDS = {"days": 86400.0, "h": 3600.0, "min": 60.0}

_SAME = (("training_flops_", "training_flops"), ("price_usd_", "price_usd"))


@dataclass(frozen=True)
class Plan:
    """What a run will cost.

    `figures` holds parameters, training_flops, memory_bytes, device_hours, days, energy_kwh,
    carbon_kgco2e and price_usd, and training_flops_useful and training_flops_dense_equivalent;
    `steps` the formula of each with the numbers in it; `inputs` what was asked.
    """

    title: str
    figures: Mapping[str, Figure]
    steps: Mapping[str, str]
    inputs: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = [("figure", "value", "90 % interval", "label", "source")]
        for name, figure in self._told():
            source = figure.source if figure.known else figure.reason
            label = figure.label if figure.known else "-"
            rows.append((_name(name, figure), _value(figure), _interval(figure), label, source))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            "  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), row[4]])
            for row in rows
        ]
        return "\n".join([self.title, "", *lines, "", *self.notes])

    def _told(self) -> Iterator[tuple[str, Figure]]:
        """The figures, without FLOPs that equal what is executed and a price said twice.

        Training is left out where nothing is trained.
        """
        for name, figure in self.figures.items():
            same = next((first for kind, first in _SAME if name.startswith(kind)), None)
            untrained = figure.reason == NOTHING_TRAINED
            if not untrained and (same is None or figure.value != self.figures[same].value):
                yield name, figure

    def explain(self) -> str:
        """Each formula with the numbers in it, one a line."""
        width = max(len(name) for name in self.steps)
        return "\n".join(f"{name.ljust(width)} = {step}" for name, step in self.steps.items())

    def to_json(self) -> dict[str, Any]:
        """The plan as plain values."""
        return {
            "format": FORMAT,
            "title": self.title,
            "inputs": dict(self.inputs),
            "figures": {name: figure.to_json() for name, figure in self.figures.items()},
            "steps": dict(self.steps),
            "notes": list(self.notes),
        }


def shown(value: float, unit: str, way: Way = "nearest") -> str:
    """A planned number as people read it: two significant digits, in a unit that suits them.

    It is rounded once, in that unit; `way` is "down" or "up" for an end of an interval.

    >>> shown(8.4321e22, "FLOP"), shown(84123, "h"), shown(0.0123, "h"), shown(0.43868, "days")
    ('8.4e+22 FLOP', '84,000 h', '44 s', '11 h')
    """
    factor, suited = _suited(value, unit)
    return _written(value * factor, suited, way)


def span(figure: Figure) -> tuple[str, str, str]:
    """Value, low and high of a known figure, in the unit that suits the value.

    The ends are rounded outwards: an upper bound that is rounded down bounds nothing.
    """
    value, low, high = figure.bounds()
    factor, unit = _suited(value, figure.unit)
    down, up = ("nearest", "nearest") if low == high else ("down", "up")
    return (
        _written(value * factor, unit, "nearest"),
        _written(low * factor, unit, down),
        _written(high * factor, unit, up),
    )


def _suited(value: float, unit: str) -> tuple[float, str]:
    """By what to multiply, and the unit: hours and days below 1 are told in smaller ones."""
    if unit == "kgCO2e" and value < 1:
        return 1000.0, "gCO2e"
    if unit not in _SECONDS or value >= 1:
        return 1.0, unit
    seconds = value * _SECONDS[unit]
    for smaller, size in _SECONDS.items():
        if seconds >= 2 * size:
            return _SECONDS[unit] / size, smaller
    return _SECONDS[unit], "s"


def _written(value: float, unit: str, way: Way) -> str:
    if unit == "devices":
        return _devices(value)
    if unit == "FLOP" and value >= _HUGE:
        return f"{rounded(value, _DIGITS, way):.{_DIGITS}g} {unit}"
    if unit == "USD" and 0 < value < 1:
        return _small_sum(value, way)
    return human(value, unit, _DIGITS, way)


def _small_sum(usd: float, way: Way) -> str:
    """Two digits of less than a dollar, without powers of ten.

    >>> _small_sum(0.000024, "nearest"), _small_sum(0.3, "down"), _small_sum(2e-9, "nearest")
    ('0.000024 USD', '0.3 USD', 'less than 0.000001 USD')
    >>> _small_sum(2e-9, "down"), _small_sum(2e-9, "up")
    ('0 USD', '0.000001 USD')
    """
    if usd < _LEAST_USD:
        ends = {"down": "0", "up": f"{_LEAST_USD:f}", "nearest": f"less than {_LEAST_USD:f}"}
        return f"{ends[way]} USD"
    return f"{format(Decimal(f'{rounded(usd, _DIGITS, way):.{_DIGITS}g}'), 'f')} USD"


def _devices(count: float) -> str:
    return "1 device" if count == 1 else f"{count:,.0f} devices"


def _name(name: str, figure: Figure) -> str:
    """The figure's name; that of days is time where another unit suits it."""
    in_days = name != "days" or figure.value is None or _suited(figure.value, "days")[1] == "days"
    return name if in_days else "time"


def _value(figure: Figure) -> str:
    if figure.value is None:
        return "unknown"
    exact = figure.label in ("counted", "given")
    huge = figure.unit == "FLOP" and figure.value >= _HUGE
    if exact and not huge and figure.unit != "devices":
        return human(figure.value, figure.unit)
    return shown(figure.value, figure.unit)


def _interval(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    _, low, high = span(figure)
    return "exact" if figure.low == figure.high else f"{low} to {high}"
