"""The page itself: what a history tells, drawn in the style of the receipt's page."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tenth import files
from tenth.figures import human
from tenth.fit import Step
from tenth.fit.clock import PHASES
from tenth.train.report.lines import Chart, chart, spark

if TYPE_CHECKING:
    from jinja2 import Template

    from tenth.train.result import Result


def html(result: "Result") -> str:
    """The page of a run: no script, no request to anywhere, light and dark, from phone to paper.

    Cost: some milliseconds, and once a tenth of a second for the template.
    """
    return _template().render(_view(result))


def save(result: "Result") -> None:
    """Write `report.html` into the run's folder, if it has one and no such page.

    Raises:
        OutputError: the disk is full, or the place cannot be written.
    """
    if result.folder is not None and not (page := result.folder / "report.html").exists():
        files.write_text(page, html(result))


@cache
def _template() -> "Template":
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader("tenth.train.report"), PackageLoader("tenth.receipt")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")


def _view(result: "Result") -> dict[str, Any]:
    history = result.history
    return {
        "title": result.receipt.title,
        "made_of": _made_of(result),
        "cards": _cards(result),
        "charts": [made for made in _charts(history) if made is not None],
        "layers": _layers(history),
        "phases": _phases(history),
        "looks": len(history),
    }


def _made_of(result: "Result") -> list[tuple[str, str]]:
    """Name and value of what the run was made of, beside its task."""
    return [
        ("route", result.route),
        ("seed", str(result.seed)),
        ("teacher", result.teacher or "none"),
        ("parent", result.parent or "none"),
    ]


def _cards(result: "Result") -> list[tuple[str, str, str]]:
    """Name, value and remark of what the run came to."""
    last = result.history[-1] if result.history else None
    planned = f"of {last.steps:,} planned" if last is not None else ""
    cards = [
        ("score on val", f"{result.score:.4g}", "" if result.reached else "target not reached"),
        ("steps", f"{result.steps:,}", planned),
        ("weights", f"{result.weights:,}", f"density {result.density:.3g}"),
    ]
    if last is not None and last.layers:
        cards.append(("ever live", _percent(last.explored), "of the weights: exploration"))
    return cards


def _charts(history: Sequence[Step]) -> list[Chart | None]:
    if not history:
        return []
    steps = history[-1].step
    rates = [(entry.step, entry.rate) for entry in history if entry.rate is not None]
    scores = [(entry.step, entry.score) for entry in history if entry.score is not None]
    kept = {"density": [(entry.step, entry.density) for entry in history]}
    if history[-1].layers:
        kept["ever live"] = [(entry.step, entry.explored) for entry in history]
    charts = [
        chart("Loss", {"loss": [(entry.step, entry.loss) for entry in history]}, steps),
        chart("Score on val", {"score": scores}, steps, form="{:.4g}".format),
        chart("Weights kept", kept, steps, bounds=(0, 1), form=_percent),
    ]
    if rates:
        highest = max(rate for _, rate in rates)
        charts.append(chart("Learning rate", {"rate": rates}, steps, bounds=(0, highest)))
    return charts


def _layers(history: Sequence[Step]) -> list[dict[str, Any]]:
    """Density and live neurons of each layer over the run."""
    told = [entry for entry in history if entry.layers]
    return [
        {
            "name": name.removesuffix(".weight"),
            "density": spark([entry.layers[name] for entry in told]),
            "kept": _percent(told[-1].layers[name]),
            "live": spark([entry.live[name] for entry in told]),
            "neurons": _percent(told[-1].live[name]),
        }
        for name in (told[-1].layers if told else ())
    ]


def _phases(history: Sequence[Step]) -> list[tuple[str, str, float]]:
    """Name, time and percent of each phase."""
    spent = {phase: sum(entry.seconds.get(phase, 0.0) for entry in history) for phase in PHASES}
    whole = sum(spent.values())
    if not whole:
        return []
    return [(phase, human(time, "s"), 100 * time / whole) for phase, time in spent.items()]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
