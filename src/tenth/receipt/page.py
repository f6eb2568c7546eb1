"""The receipt as one HTML page that needs nothing else: styles and charts are inside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenth.figures import LABELS, Figure, human
from tenth.receipt import charts, words
from tenth.receipt.actual import plan_against_actual

if TYPE_CHECKING:
    from tenth.receipt.arms import Arm
    from tenth.receipt.record import Receipt, Stage

_CARDS = ("wall_seconds", "energy_joules", "carbon_gco2e", "price_usd")
_COLUMNS = ("wall_seconds", "flops_executed", "energy_joules", "carbon_gco2e", "price_usd")
_TOLD = ("started", "interrupted")  # notes that the page tells in another way, or not at all
_MEANINGS = {
    "measured": "an instrument: a clock, a counter, a meter",
    "counted": "exact arithmetic on the program",
    "given": "typed in, or a row of the catalogue",
    "modelled": "a formula on figures of the kinds above",
    "estimated": "a plan: nothing ran",
    "unknown": "not known, with the reason; never taken as zero",
}


@dataclass(frozen=True)
class Shown:
    """A figure as the page shows it; `note` is the number of its source in the list below."""

    value: str
    interval: str
    label: str
    note: int | None
    reason: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table: its label and source stand in its head where all its cells agree."""

    name: str
    label: str
    note: int | None
    cells: list[Shown]


class Sources:
    """Numbers the sources in the order in which the page first names them."""

    def __init__(self) -> None:
        self.listed: list[str] = []

    def show(self, figure: Figure | None) -> Shown:
        """The figure with the number of its source."""
        if figure is None:
            return Shown("–", "", "", None)
        if not figure.known:
            return Shown("unknown", "", "unknown", self._number(figure.reason), figure.reason)
        told = (_typeset(str(figure)), _typeset(words.interval(figure)))
        return Shown(*told, figure.label, self._number(figure.source))

    def column(self, name: str, figures: Iterable[Figure | None]) -> Column:
        """A column of figures."""
        cells = [self.show(figure) for figure in figures]
        labels = {cell.label for cell in cells if cell.label not in ("", "unknown")}
        notes = {cell.note for cell in cells if cell.label not in ("", "unknown")}
        return Column(
            name,
            labels.pop() if len(labels) == 1 else "",
            notes.pop() if len(notes) == 1 else None,
            cells,
        )

    def _number(self, source: str) -> int | None:
        if not source:
            return None
        if source not in self.listed:
            self.listed.append(source)
        return self.listed.index(source) + 1


def _typeset(words: str) -> str:
    return words.replace("gCO2e", "g CO₂e")


def html(receipt: Receipt) -> str:
    """The page: no script, no request to anywhere, light and dark, from phone to paper."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tenth.receipt"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("receipt.html.jinja").render(_view(receipt))


def _view(receipt: Receipt) -> dict[str, Any]:
    """What the template shows, in the order of the page, so that sources count upwards."""
    sources = Sources()
    having = {name for stage in receipt.stages for name in stage.figures}
    totals = {key: receipt.total(key) for key in words.NAMES if key in having}
    return {
        "title": receipt.title,
        "subtitle": words.subtitle(receipt),
        "headline": _typeset(words.headline(receipt)),
        "interrupted": [stage.name for stage in receipt.stages if stage.interrupted],
        "place_given": receipt.place.code is not None,
        "cards": [
            (words.name_of(key), sources.show(totals[key])) for key in _CARDS if key in totals
        ],
        "sizes": _sizes(receipt, sources),
        "scores": _named(receipt.scores, sources),
        **_arms(receipt.arms, sources),
        **_stages(receipt, sources, totals.get("wall_seconds")),
        "totals": _named(totals, sources),
        "plan": _plan(receipt, sources),
        "plan_title": words.plan_title(receipt),
        "facts": _facts(receipt, sources),
        "notes": receipt.notes,
        "labels": [(label, _MEANINGS[label]) for label in (*LABELS, "unknown")],
        "sources": sources.listed,
    }


def _named(figures: Mapping[str, Figure], sources: Sources) -> list[tuple[str, Shown]]:
    return [(words.name_of(key), sources.show(figure)) for key, figure in figures.items()]


def _sizes(receipt: Receipt, sources: Sources) -> list[dict[str, Any]]:
    return [
        {
            "name": size.name,
            "before": sources.show(size.before),
            "after": sources.show(size.after),
            "times": words.times(size.before, size.after),
            "bars": charts.bars(size),
        }
        for size in receipt.sizes
    ]


def _arms(arms: Sequence[Arm], sources: Sources) -> dict[str, Any]:
    keys = [key for key in _COLUMNS if any(_knows(arm, key) for arm in arms)]
    costs = [arm.expected_cost for arm in arms]
    chart = charts.scatter(arms)
    return {
        "arms": [
            {
                "name": arm.name,
                "weights": f"{arm.weights:,}",
                "successes": f"{arm.successes} of {arm.seeds}",
                "interval": words.percent(arm.interval),
            }
            for arm in arms
        ],
        "arm_columns": [
            sources.column(f"{words.name_of(key)} a success", [cost.get(key) for cost in costs])
            for key in keys
        ],
        "scatter": chart,
        "scatter_cost": words.name_of(chart.key) if chart else "",
        "plot_height": int(charts.PLOT_HEIGHT),
    }


def _knows(arm: Arm, key: str) -> bool:
    return key in arm.figures and arm.figures[key].known


def _stages(receipt: Receipt, sources: Sources, whole: Figure | None) -> dict[str, Any]:
    parts = [row for stage in receipt.stages for row in _walk(stage.parts, stage.name)]
    return {
        "stages": _table([(stage, stage.name) for stage in receipt.stages], sources, whole),
        "parts": _table(parts, sources, whole),
    }


def _table(
    rows: Sequence[tuple[Stage, str]], sources: Sources, whole: Figure | None
) -> dict[str, Any]:
    keys = [key for key in _COLUMNS if any(key in stage.figures for stage, _ in rows)]
    return {
        "rows": [
            {
                "name": name,
                "interrupted": stage.interrupted,
                "notes": " · ".join(
                    f"{key} {value}" for key, value in stage.notes.items() if key not in _TOLD
                ),
                "share": charts.share(stage.figures.get("wall_seconds"), whole),
            }
            for stage, name in rows
        ],
        "columns": [
            sources.column(words.name_of(key), [stage.figures.get(key) for stage, _ in rows])
            for key in keys
        ],
    }


def _walk(stages: Iterable[Stage], above: str) -> Iterable[tuple[Stage, str]]:
    """All parts at any depth, each with its name and the names above it."""
    for stage in stages:
        name = f"{above} › {stage.name}"
        yield stage, name
        yield from _walk(stage.parts, name)


def _plan(receipt: Receipt, sources: Sources) -> list[dict[str, Any]]:
    rows = plan_against_actual(receipt.plan, receipt, stages=receipt.plan_of or None)
    return [
        {
            "name": words.name_of(row.name),
            "planned": sources.show(row.value),
            "actual": sources.show(row.reference),
            "ratio": _ratio(row.ratio),
        }
        for row in rows
    ]


def _ratio(ratio: Figure) -> Shown:
    # where it comes from stands in the two cells before it
    return Shown(words.short(ratio), words.interval(ratio), "", None)


def _facts(receipt: Receipt, sources: Sources) -> list[tuple[str, Any, int | None]]:
    told = [
        (key.removesuffix("_bytes").replace("_", " "), _told(key, value), None)
        for key, value in (receipt.hardware | receipt.software).items()
        if value not in (None, [])
    ]
    carbon = sources.show(receipt.place.carbon)
    return [("electricity", f"{receipt.place.name}: {carbon.value}", carbon.note), *told]


def _told(key: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return human(value, "bytes") if key.endswith("_bytes") else str(value)
