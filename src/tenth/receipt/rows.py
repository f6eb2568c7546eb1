"""A figure beside the one it is held against."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from tenth.figures import Figure, product, unknown


@dataclass(frozen=True)
class Row:
    """A figure beside the one it is held against; `ratio` = value ÷ reference."""

    name: str
    value: Figure
    reference: Figure
    why_no_ratio: str = ""

    @property
    def ratio(self) -> Figure:
        """With an interval from those of both, taken as independent."""
        if self.why_no_ratio:
            return unknown("×", self.why_no_ratio)
        if not self.reference.known:
            return unknown("×", self.reference.reason)
        value, low, high = self.reference.bounds()
        if low <= 0:
            return unknown("×", "what it is held against may be zero")
        inverse = Figure(1 / value, "", 1 / high, 1 / low, self.reference.label)
        return product([self.value, inverse], "×", "value ÷ reference")

    @property
    def single(self) -> bool:
        """Whether nothing tells how far off it is, as where each side is one reading."""
        _, low, high = self.ratio.bounds()
        told = {self.value.label, self.reference.label}
        return low == high and not told <= {"counted", "given"}

    def to_json(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "name": self.name,
            "value": self.value.to_json(),
            "reference": self.reference.to_json(),
            "ratio": self.ratio.to_json(),
        }


@dataclass(frozen=True)
class Paired(Row):
    """Figures whose ratio is known better than from their two intervals: they share an error."""

    paired: Figure = field(default_factory=lambda: unknown("×", "nothing was paired"))

    @property
    def ratio(self) -> Figure:
        """As it was taken."""
        return self.paired

    @property
    def single(self) -> bool:
        """As of a row, by the label of the ratio itself."""
        _, low, high = self.ratio.bounds()
        return low == high and self.paired.label != "counted"


def sharing(row: Row, other: Row | None, name: str) -> Row:
    """The row, with the ratio of another where both of its figures are that one's by one factor.

    Such as money and time at one price: by what the price is off, it is off on both sides, and
    cancels. `name` is what people call the other.
    """
    if other is None or not _close(row.ratio, other.ratio):
        return row
    source = f"that of {name}: both sides share the factor"
    ratio = replace(other.ratio, source=source)
    return Paired(row.name, row.value, row.reference, paired=ratio)


def _close(one: Figure, other: Figure) -> bool:
    if one.value is None or other.value is None:
        return False
    return math.isclose(one.value, other.value, rel_tol=1e-6)
