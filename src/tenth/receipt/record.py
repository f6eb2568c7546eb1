"""The receipt and its parts, and their form in JSON (`tenth-receipt/1`, see schema.json)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import hypot
from pathlib import Path
from statistics import stdev
from typing import Any, Self

from tenth import files
from tenth.errors import FormatError, InputError, must
from tenth.figures import Figure, product, total, unknown
from tenth.intervals import student_t, wilson
from tenth.receipt import facts, page, render, schema
from tenth.receipt.compare import Comparison, compare
from tenth.receipt.place import Place

SCHEMA = "tenth-receipt/1"
LEVEL = 0.90  # of every interval in a receipt

Note = str | int | float | bool | None


@dataclass(frozen=True)
class Stage:
    """A metered stretch of work; its figures hold those of its parts."""

    name: str
    figures: dict[str, Figure]
    parts: list["Stage"] = field(default_factory=list)
    notes: dict[str, Note] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Whether an error or ctrl-C ended it early."""
        return "interrupted" in self.notes

    def to_json(self) -> dict[str, Any]:
        """The form a stage has in a receipt."""
        return {
            "name": self.name,
            "figures": _figures_to_json(self.figures),
            "parts": [part.to_json() for part in self.parts],
            "notes": dict(self.notes),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Stage":
        """Read what `to_json` wrote."""
        return cls(
            form["name"],
            _figures_from_json(form["figures"]),
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
class Arm:
    """A route run over several seeds: how often it reached the target, at what cost a run.

    `figures` are means over all runs, those that failed included.
    """

    name: str
    seeds: int
    successes: int
    weights: int
    figures: dict[str, Figure]

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.seeds or self.seeds < 1:
            got = f"{self.successes} of {self.seeds}"
            raise InputError(must(f"successes of {self.name}", "between 0 and seeds > 0", got))

    @classmethod
    def of_runs(
        cls, name: str, runs: Sequence[Mapping[str, Figure]], *, successes: int, weights: int
    ) -> Self:
        """The arm of these runs, one mapping of figures each; only figures all runs have are kept.

        Raises:
            InputError: no runs, or more successes than runs.
        """
        if not runs:
            raise InputError(must(f"runs of {name}", "at least one", "none"))
        shared = [key for key in runs[0] if all(key in run for run in runs)]
        means = {key: _mean([run[key] for run in runs]) for key in shared}
        return cls(name, len(runs), successes, weights, means)

    @property
    def rate(self) -> float:
        """Share of seeds that reached the target."""
        return self.successes / self.seeds

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson interval of the rate, level 90 %."""
        return wilson(self.successes, self.seeds, LEVEL)

    @property
    def expected_cost(self) -> dict[str, Figure]:
        """What one success costs: the mean cost of a run ÷ the success rate."""
        if self.successes == 0:
            reason = f"none of {self.seeds} seeds reached the target"
            return {key: unknown(figure.unit, reason) for key, figure in self.figures.items()}
        low, high = self.interval
        tries = Figure(1 / self.rate, "runs", 1 / high, 1 / low, "measured", "seeds ÷ successes")
        source = "mean cost of a run ÷ success rate"
        return {
            key: product([figure, tries], figure.unit, source)
            for key, figure in self.figures.items()
            if key != "peak_rss_bytes"
        }

    def to_json(self) -> dict[str, Any]:
        """The form an arm has in a receipt; interval and expected cost are for other readers."""
        return {
            "name": self.name,
            "seeds": self.seeds,
            "successes": self.successes,
            "interval": list(self.interval),
            "weights": self.weights,
            "figures": _figures_to_json(self.figures),
            "expected_cost": _figures_to_json(self.expected_cost),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; what can be computed anew is."""
        return cls(
            form["name"],
            form["seeds"],
            form["successes"],
            form["weights"],
            _figures_from_json(form["figures"]),
        )


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
        having = {stage.name: stage.figures[name] for stage in self.stages if name in stage.figures}
        if not having:
            raise InputError(must("figure of a receipt", "one its stages have", repr(name)))
        known = [figure for figure in having.values() if figure.known]
        if name.startswith("peak_"):
            return max(known, key=lambda f: f.bounds(), default=next(iter(having.values())))
        if not (name.startswith("flops_") and known):
            return total([stage.figures[name] for stage in self.stages if name in stage.figures])
        left_out = [stage for stage, figure in having.items() if not figure.known]
        whole = total(known)
        if not left_out:
            return whole
        return replace(whole, source=f"{whole.source}; not counted in {', '.join(left_out)}")

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
            "scores": _figures_to_json(self.scores),
            "sizes": [size.to_json() for size in self.sizes],
            "arms": [arm.to_json() for arm in self.arms],
            "plan": _figures_to_json(self.plan),
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
            scores=_figures_from_json(form["scores"]),
            sizes=[BeforeAfter.from_json(size) for size in form["sizes"]],
            arms=[Arm.from_json(arm) for arm in form["arms"]],
            plan=_figures_from_json(form["plan"]),
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


def _mean(figures: Sequence[Figure]) -> Figure:
    """The mean of some runs; its interval holds their own and the chance of drawing these runs."""
    whole = total(figures)
    if not whole.known:
        return whole
    value, low, high = (bound / len(figures) for bound in whole.bounds())
    chance = 0.0
    if len(figures) > 1:
        spread = stdev(figure.bounds()[0] for figure in figures)
        chance = student_t(0.5 + LEVEL / 2, len(figures) - 1) * spread / len(figures) ** 0.5
    low, high = value - hypot(value - low, chance), value + hypot(high - value, chance)
    source = f"mean of {len(figures)} runs; {whole.source}"
    return replace(whole, value=value, low=max(low, 0.0), high=high, source=source)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _figures_to_json(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: figure.to_json() for name, figure in figures.items()}


def _figures_from_json(form: Mapping[str, Any]) -> dict[str, Figure]:
    return {name: Figure.from_json(figure) for name, figure in form.items()}
