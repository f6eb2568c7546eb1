"""The receipt and its parts, and their form in JSON (`tenth-receipt/1`, see schema.json)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from tenth import files
from tenth.errors import FormatError, InputError, must
from tenth.figures import Figure, total
from tenth.receipt import facts, page, render, schema
from tenth.receipt.arms import Arm
from tenth.receipt.compare import Comparison, compare
from tenth.receipt.forms import figures_from_json, figures_to_json
from tenth.receipt.place import Place

SCHEMA = "tenth-receipt/1"
_LEFT_OUT = "; not counted in "
Note = str | int | float | bool | None


@dataclass(frozen=True)
class Stage:
    """A metered stretch of work; its figures hold those of its parts."""

    name: str
    figures: dict[str, Figure]
    parts: list["Stage"] = field(default_factory=list)
    notes: dict[str, Note] = field(default_factory=dict)

    @classmethod
    def of_parts(cls, name: str, parts: Sequence["Stage"]) -> "Stage":
        """The stage that these parts make up: costs add up, of peaks the largest counts.

        Raises:
            InputError: no parts.
        """
        if not parts:
            raise InputError(must(f"parts of {name}", "at least one stage", "none"))
        return cls(name, {key: _sum(parts, key) for key in parts[0].figures}, list(parts))

    @property
    def interrupted(self) -> bool:
        """Whether an error or ctrl-C ended it early."""
        return "interrupted" in self.notes

    def to_json(self) -> dict[str, Any]:
        """The form a stage has in a receipt."""
        return {
            "name": self.name,
            "figures": figures_to_json(self.figures),
            "parts": [part.to_json() for part in self.parts],
            "notes": dict(self.notes),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Stage":
        """Read what `to_json` wrote."""
        return cls(
            form["name"],
            figures_from_json(form["figures"]),
            [cls.from_json(part) for part in form["parts"]],
            dict(form["notes"]),
        )


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


@dataclass
class Receipt:
    """What a piece of work cost and what it saved.

    `plan` is what was expected beforehand, of the stages named in `plan_of` (all if empty).
    """

    title: str
    task: Aim
    place: Place = field(default_factory=Place.find)
    hardware: dict[str, Any] = field(default_factory=facts.hardware)
    software: dict[str, Any] = field(default_factory=facts.software)
    stages: list[Stage] = field(default_factory=list)
    scores: dict[str, Figure] = field(default_factory=dict)
    sizes: list[BeforeAfter] = field(default_factory=list)
    arms: list[Arm] = field(default_factory=list)
    plan: dict[str, Figure] = field(default_factory=dict)
    plan_of: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def total(self, name: str) -> Figure:
        """The sum of a figure over the stages, or the largest of peaks.

        A count of FLOPs leaves out stages that counted none, and its source names them; any other
        sum is unknown if a part of it is.

        Raises:
            InputError: no stage has such a figure.
        """
        return _sum(self.stages, name)

    def to_json(self) -> dict[str, Any]:
        """The form described by schema.json."""
        return {
            "schema": SCHEMA,
            "created": self.created,
            "title": self.title,
            "task": self.task.to_json(),
            "place": self.place.to_json(),
            "hardware": self.hardware,
            "software": self.software,
            "stages": [stage.to_json() for stage in self.stages],
            "scores": figures_to_json(self.scores),
            "sizes": [size.to_json() for size in self.sizes],
            "arms": [arm.to_json() for arm in self.arms],
            "plan": figures_to_json(self.plan),
            "plan_of": list(self.plan_of),
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Receipt":
        """Read what `to_json` wrote.

        Raises:
            InputError: it is not of the form that the schema describes.
        """
        schema.check(form)
        return cls(
            title=form["title"],
            task=Aim(**form["task"]),
            place=Place.from_json(form["place"]),
            hardware=dict(form["hardware"]),
            software=dict(form["software"]),
            stages=[Stage.from_json(stage) for stage in form["stages"]],
            scores=figures_from_json(form["scores"]),
            sizes=[BeforeAfter.from_json(size) for size in form["sizes"]],
            arms=[Arm.from_json(arm) for arm in form["arms"]],
            plan=figures_from_json(form["plan"]),
            plan_of=list(form["plan_of"]),
            notes=list(form["notes"]),
            created=form["created"],
        )

    def save(self, path: str | Path) -> None:
        """Write the receipt as JSON, whole or not at all.

        Raises:
            OutputError: the place cannot be written.
        """
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
        files.write_text(path, text + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "Receipt":
        """Read a receipt that `save` wrote.

        Raises:
            FormatError: the file is missing, damaged, or not a receipt of this version.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
            form = json.loads(text, parse_constant=_no_number)
        except OSError as error:
            raise FormatError(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:
            raise FormatError(must(str(path), "a receipt in JSON", error)) from error
        try:
            return cls.from_json(form)
        except InputError as error:
            raise FormatError(f"{path} is no receipt: {error}") from error

    def compare(self, baseline: "Receipt") -> Comparison:
        """Hold this receipt against a baseline, figure by figure (see compare.py).

        Raises:
            ComparisonError: task, metric, target, margin or hardware differ.
        """
        return compare(self, baseline)

    def html(self) -> str:
        """One self-contained page: no script, no request to anywhere."""
        return page.html(self)

    def __str__(self) -> str:
        return render.text(render.receipt(self))


def _sum(stages: Sequence[Stage], name: str) -> Figure:
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


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")
