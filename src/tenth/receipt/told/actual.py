"""Whether the plan was right: drawn as multiples of what it came to, and in figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenth.receipt import words
from tenth.receipt.actual import plan_against_actual
from tenth.receipt.look import bands
from tenth.receipt.look.blocks import Block, Column, Line, Section, Span, Spans, Table
from tenth.receipt.look.language import Language, Said
from tenth.receipt.look.shown import Sources
from tenth.receipt.told import figures

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt
    from tenth.receipt.rows import Row

_COSTS = ("device_hours", "energy_kwh", "carbon_kgco2e", "price_usd")
_TONES = {"inside": "good", "less": "good", "more": "bad"}


def actual(receipt: Receipt, sources: Sources) -> Section | None:
    """The plan beside what came of it; None where there was no plan."""
    rows = plan_against_actual(receipt.plan, receipt, stages=receipt.plan_of or None)
    if not rows:
        return None
    # what people ask first stands first, and so on paper
    rows.sort(key=lambda row: row.name not in _COSTS)
    speak = sources.speak
    verdicts = [verdict(row) for row in rows]
    lines = [
        Line(words.name_of(row.name, speak), remark=speak.say(f"actual.{found}"))
        for row, found in zip(rows, verdicts, strict=True)
    ]
    columns = [
        sources.column(speak.say("actual.planned"), [row.value for row in rows]),
        sources.column(speak.say("actual.actual"), [row.reference for row in rows]),
        Column(speak.say("actual.ratio"), [figures.ratio(speak, row) for row in rows]),
    ]
    blocks: list[Block] = [Table(speak.say("table.figure"), columns, lines)]
    spans = _spans(rows, verdicts, speak)
    if spans is not None:
        blocks.insert(0, spans)
    return Section(words.plan_title(receipt, speak), blocks, lead=speak.say("actual.lead"))


def verdict(row: Row) -> str:
    """Whether it came to what was planned: `inside`, `edge`, `less`, `more`, or `open`.

    What came to lies inside the planned interval; else, if the two intervals overlap, nothing is
    clear; else it was less or more.
    """
    if not row.value.known or not row.reference.known:
        return "open"
    _, planned_low, planned_high = row.value.bounds()
    came_to, low, high = row.reference.bounds()
    if planned_low <= came_to <= planned_high:
        return "inside"
    if low <= planned_high and planned_low <= high:
        return "edge"
    return "less" if came_to < planned_low else "more"


def _spans(rows: Sequence[Row], verdicts: Sequence[str], speak: Language) -> Spans | None:
    """The planned intervals as multiples of what it came to."""
    drawn: list[tuple[Row, str]] = []
    ratios: list[tuple[float, float, float]] = []
    for row, found in zip(rows, verdicts, strict=True):
        came_to = row.reference.value
        if found != "open" and came_to and came_to > 0 and row.value.bounds()[1] > 0:
            value, low, high = (end / came_to for end in row.value.bounds())
            drawn.append((row, found))
            ratios.append((low, value, high))
    if not drawn:
        return None
    axis = bands.axis(ratios)
    items = [
        Span(
            words.name_of(row.name, speak),
            band,
            in_words(row, found, ratio, speak.plain),
            _TONES.get(found, "open"),
        )
        for (row, found), ratio, band in zip(drawn, ratios, axis.bands, strict=True)
    ]
    return Spans(items, bands.ticks(axis), speak.say("actual.caption"), axis.one)


def in_words(row: Row, found: str, ratio: tuple[float, float, float], plain: Language) -> Said:
    """What the drawing of a row shows, for those who do not see it."""
    low, high = (plain.number(end) for end in figures.ends(ratio[0], ratio[2]))
    name, said = words.name_of(row.name, plain), plain.say(f"actual.{found}")
    return plain.say("actual.chart", name=name, low=low, high=high, verdict=said)
