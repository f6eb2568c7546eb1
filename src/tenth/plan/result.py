"""A plan: figures with their intervals, what was assumed, and how each number came about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tenth.figures import Figure, human

FORMAT = "tenth-plan/1"

_SMALLER = {"h": ("s", 3600.0), "days": ("s", 86400.0), "kgCO2e": ("gCO2e", 1000.0)}

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
            rows.append((name, _value(figure), _interval(figure), label, source))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            "  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), row[4]])
            for row in rows
        ]
        return "\n".join([self.title, "", *lines, "", *self.notes])

    def _told(self) -> Iterator[tuple[str, Figure]]:
        """The figures, without FLOPs that equal what is executed and a price said twice."""
        for name, figure in self.figures.items():
            same = next((first for kind, first in _SAME if name.startswith(kind)), None)
            if same is None or figure.value != self.figures[same].value:
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


def shown(value: float, unit: str) -> str:
    """A planned number as people read it: two significant digits, in a unit that suits them.

    >>> shown(8.4321e22, "FLOP"), shown(84123, "h"), shown(0.0123, "h")
    ('8.4e+22 FLOP', '84,000 h', '44 s')
    """
    if unit == "FLOP" and value >= 1e18:
        return f"{value:.2g} FLOP"
    if value < 1 and unit == "USD":
        return f"{value:.2g} USD"
    if unit == "devices":
        return _devices(value)
    if value < 1 and unit in _SMALLER:
        smaller, factor = _SMALLER[unit]
        return shown(value * factor, smaller)
    return human(float(f"{value:.2g}"), unit)


def _devices(count: float) -> str:
    return "1 device" if count == 1 else f"{count:,.0f} devices"


def _value(figure: Figure) -> str:
    if figure.value is None:
        return "unknown"
    exact = figure.label in ("counted", "given")
    huge = figure.unit == "FLOP" and figure.value >= 1e18
    if figure.unit == "devices":
        return _devices(figure.value)
    if exact and not huge:
        return human(figure.value, figure.unit)
    return shown(figure.value, figure.unit)


def _interval(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    _, low, high = figure.bounds()
    return "exact" if low == high else f"{shown(low, figure.unit)} to {shown(high, figure.unit)}"
