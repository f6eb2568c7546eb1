"""The receipt, and its form in JSON (`tenth-receipt/2`, see schema.json)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenth import files
from tenth.errors import FormatError, InputError, must
from tenth.figures import Figure
from tenth.receipt import facts, packing, page, render, schema, seal
from tenth.receipt.arms import Arm
from tenth.receipt.compare import Comparison, compare
from tenth.receipt.forms import figures_from_json, figures_to_json
from tenth.receipt.place import Place
from tenth.receipt.provenance import Origin
from tenth.receipt.runs import Run
from tenth.receipt.sizes import Aim, BeforeAfter
from tenth.receipt.stage import Stage, total_of

if TYPE_CHECKING:
    from tenth.receipt.export.filled import Filled

FILE = "receipt.json"  # what a run calls its receipt


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
    provenance: list[Origin] = field(default_factory=list)
    run: Run = field(default_factory=Run.here)
    # to the microsecond: with its process it tells a receipt from others of one title
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    # of the file that it was read from: what is not as it was sealed, and whether it has a chain
    edited: list[str] = field(default_factory=list, compare=False)
    chained: bool = field(default=True, compare=False)

    def total(self, name: str) -> Figure:
        """The sum of a figure over the stages, or the largest of peaks.

        A count of FLOPs leaves out stages that counted none, and its source names them; any other
        sum is unknown if a part of it is.

        Raises:
            InputError: no stage has such a figure.
        """
        return total_of(self.stages, name)

    def to_json(self) -> dict[str, Any]:
        """The form described by schema.json, sealed, each figure with its source in full."""
        form = {
            "schema": schema.NEWEST,
            "created": self.created,
            "title": self.title,
            "run": self.run.to_json(),
            "task": self.task.to_json(),
            "place": self.place.to_json(),
            "hardware": self.hardware,
            "software": self.software,
            "provenance": [origin.to_json() for origin in self.provenance],
            "stages": [stage.to_json() for stage in self.stages],
            "scores": figures_to_json(self.scores),
            "sizes": [size.to_json() for size in self.sizes],
            "arms": [arm.to_json() for arm in self.arms],
            "plan": figures_to_json(self.plan),
            "plan_of": list(self.plan_of),
            "notes": list(self.notes),
            "sources": [],
        }
        return {**form, "chain": seal.chain(form)}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Receipt":
        """Read what `to_json` wrote, in this version or an earlier one.

        `edited` says what is not as it was sealed. All else is looked at by validate.py.

        Raises:
            InputError: it is not of the form that the schema describes.
        """
        schema.check(form)
        form = packing.unpacked(form)
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
            provenance=[Origin.from_json(origin) for origin in form.get("provenance", ())],
            run=Run.from_json(form["run"]) if "run" in form else Run(),
            created=form["created"],
            edited=seal.findings(form),
            chained="chain" in form,
        )

    def as_sealed(self, use: str) -> "Receipt":
        """This receipt, if it is as it was sealed, or was never sealed.

        Raises:
            FormatError: it was edited; `use` says what it is not good for.
        """
        if self.edited:
            found = "; ".join(self.edited)
            raise FormatError(must(f"receipt {self.title!r}", f"as it was sealed {use}", found))
        return self

    def save(self, path: str | Path) -> None:
        """Write the receipt as JSON, whole or not at all.

        Raises:
            OutputError: the place cannot be written.
        """
        files.write_text(path, packing.text(packing.packed(self.to_json())))

    @classmethod
    def load(cls, path: str | Path) -> "Receipt":
        """Read a receipt that `save` wrote.

        Raises:
            FormatError: the file is missing, damaged, or not a receipt of this version.
        """
        form = read(path)
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

    def html(self, lang: str = "en", against: Comparison | None = None) -> str:
        """One self-contained page: no script, no request to anywhere.

        Args:
            lang: "en" or "ar".
            against: the receipt held against a baseline, to stand on the page too.

        Raises:
            InputError: no such language.
        """
        return page.html(self, lang, against)

    def export(self, form: str, facts: Mapping[str, Any] | None = None) -> "Filled":
        """Fill one of `tenth.receipt.export.FORMS`, such as "sci"; what stays open is listed.

        Raises:
            InputError: no such form or fact.
        """
        from tenth.receipt.export import export  # it reads receipts itself

        return export(self, form, facts)

    def __str__(self) -> str:
        return render.text(render.receipt(self))


def within(path: str | Path) -> Path:
    """The file itself; of a folder, such as a run leaves, its receipt.json."""
    path = Path(path)
    return path / FILE if path.is_dir() else path


def read(path: str | Path) -> Any:
    """The JSON of a file, or of the receipt in a folder, unchecked.

    Raises:
        FormatError: it is missing, or holds no JSON.
    """
    try:
        text = within(path).read_text(encoding="utf-8")
        return json.loads(text, parse_constant=_no_number)
    except OSError as error:
        remedy = (
            " Name one, or add them up with `tenth receipt add`." if Path(path).is_dir() else ""
        )
        told = f"{within(path)} cannot be read: {error.strerror}.{remedy}"
        raise FormatError(told) from error
    except (ValueError, RecursionError) as error:
        raise FormatError(must(str(path), "a receipt in JSON", error)) from error


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")
