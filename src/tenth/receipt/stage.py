"""A metered stretch of work, and how the costs of several make up one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tenth.errors import InputError, must
from tenth.figures import Figure, total, unknown
from tenth.receipt.forms import figures_from_json, figures_to_json

Note = str | int | float | bool | None
MOST_PARTS = 64  # of a stage and all their own parts, in a receipt that grows for days

_LEFT_OUT = "; not counted in "


@dataclass(frozen=True)
class Stage:
    """A metered stretch of work; its figures hold those of its parts.

    `price` is the row of USD per hour that it was billed at, as it stood on the day; None where a
    part is billed as the whole is.
    """

    name: str
    figures: dict[str, Figure]
    parts: list["Stage"] = field(default_factory=list)
    notes: dict[str, Note] = field(default_factory=dict)
    price: Figure | None = None

    @classmethod
    def of_parts(cls, name: str, parts: Sequence["Stage"]) -> "Stage":
        """The stage that these parts make up: costs add up, of peaks the largest counts.

        Raises:
            InputError: no parts.
        """
        if not parts:
            raise InputError(must(f"parts of {name}", "at least one stage", "none"))
        names = dict.fromkeys(key for part in parts for key in part.figures)
        return cls(
            name, {key: total_of(parts, key) for key in names}, list(parts), price=price_of(parts)
        )

    @property
    def interrupted(self) -> bool:
        """Whether an error or ctrl-C ended it early."""
        return "interrupted" in self.notes

    def count(self) -> int:
        """The stages in it, itself included."""
        return 1 + sum(part.count() for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """The form a stage has in a receipt."""
        return {
            "name": self.name,
            "figures": figures_to_json(self.figures),
            "parts": [part.to_json() for part in self.parts],
            "notes": dict(self.notes),
            "price": None if self.price is None else self.price.to_json(),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Stage":
        """Read what `to_json` wrote, in this version or an earlier one."""
        price = form.get("price")
        return cls(
            form["name"],
            figures_from_json(form["figures"]),
            [cls.from_json(part) for part in form["parts"]],
            dict(form["notes"]),
            None if price is None else Figure.from_json(price),
        )


def total_of(stages: Sequence[Stage], name: str) -> Figure:
    """The sum of a figure over stages, or the largest of peaks.

    A part of the energy that a stage has no line for, as one without accelerators has none, adds
    nothing. A count of FLOPs leaves out stages that counted none, and its source names them; any
    other sum is unknown if a part of it is.

    Raises:
        InputError: no stage has such a figure.
    """
    having = [(stage.name, stage.figures[name]) for stage in stages if name in stage.figures]
    if not having:
        raise InputError(must("figure of a receipt", "one its stages have", repr(name)))
    known = [figure for _, figure in having if figure.known]
    if name.startswith("peak_"):
        return max(known, key=lambda f: f.bounds(), default=having[0][1])
    if not (name.startswith("flops_") and known):
        return total([figure for _, figure in having])
    whole = total(known)
    source, *before = whole.source.split(_LEFT_OUT)
    left_out = dict.fromkeys(stage for stage, figure in having if not figure.known)
    if not (left_out or before):
        return whole
    # parts say for themselves what they left out
    return replace(whole, source=_LEFT_OUT.join([source, ", ".join(left_out) or "some parts"]))


def price_of(stages: Sequence[Stage]) -> Figure | None:
    """The price of an hour that all of these were billed at; unknown where they differ."""
    prices = [stage.price for stage in stages]
    if not prices or any(price is None for price in prices):
        return None
    if all(price == prices[0] for price in prices):
        return prices[0]
    return unknown("USD/h", "the stages were billed at different prices of an hour")


def bounded(parts: Sequence[Stage], most: int = MOST_PARTS) -> list[Stage]:
    """These parts, neighbours joined where there are too many: old ones coarsely, new ones finely.

    Sums stay what they were. Parts of parts go first.
    """
    parts = list(parts)
    if sum(part.count() for part in parts) <= most:
        return parts
    parts = [replace(part, parts=[]) for part in parts]
    if len(parts) <= most:
        return parts
    joined = [_pair(*parts[i : i + 2]) for i in range(0, len(parts) - 1, 2)]
    return joined + parts[2 * len(joined) :]


def _pair(one: Stage, other: Stage) -> Stage:
    """Two neighbours as one stage, which says how many it holds."""
    whole = Stage.of_parts(f"{_first(one)} … {_last(other)}", [one, other])
    held = sum(int(part.notes.get("stages", 1) or 1) for part in (one, other))
    notes = {key: note for part in (one, other) for key, note in part.notes.items()}
    notes |= {"started": one.notes.get("started"), "stages": held}
    return replace(whole, parts=[], notes=notes)


def _first(stage: Stage) -> str:
    return stage.name.split(" … ")[0]


def _last(stage: Stage) -> str:
    return stage.name.split(" … ")[-1]
