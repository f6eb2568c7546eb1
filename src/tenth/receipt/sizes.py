"""What a receipt is about: the aim of the work, and the sizes of the model before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tenth.errors import InputError, must
from tenth.figures import Figure


@dataclass(frozen=True)
class BeforeAfter:
    """A size of the model, and what became of it: weights, bytes, FLOPs, seconds."""

    name: str
    before: Figure
    after: Figure

    def __post_init__(self) -> None:
        if self.before.unit != self.after.unit:
            got = f"{self.before.unit} and {self.after.unit}"
            raise InputError(must(f"{self.name} before and after", "of one unit", got))

    def to_json(self) -> dict[str, Any]:
        """The form it has in a receipt."""
        return {"name": self.name, "before": self.before.to_json(), "after": self.after.to_json()}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        before, after = Figure.from_json(form["before"]), Figure.from_json(form["after"])
        return cls(form["name"], before, after)


@dataclass(frozen=True)
class Aim:
    """What was to be reached: the task, its metric, the score wanted, the loss allowed."""

    name: str
    metric: str = ""
    target: float | None = None
    margin: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The form it has in a receipt."""
        return {
            "name": self.name,
            "metric": self.metric,
            "target": self.target,
            "margin": self.margin,
        }
