"""A figure beside the one it is held against."""

from dataclasses import dataclass
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

    def to_json(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "name": self.name,
            "value": self.value.to_json(),
            "reference": self.reference.to_json(),
            "ratio": self.ratio.to_json(),
        }
