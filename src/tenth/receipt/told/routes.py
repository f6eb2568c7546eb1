"""The routes of a race: how often each reached the target, at what cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenth.figures import Figure
from tenth.receipt import charts, words
from tenth.receipt.look import numbers
from tenth.receipt.look.blocks import Block, Column, Line, Routes, Section, Table
from tenth.receipt.look.language import Language
from tenth.receipt.look.shown import Shown, Sources
from tenth.receipt.told.figures import COLUMNS

if TYPE_CHECKING:
    from tenth.receipt.arms import Arm
    from tenth.receipt.record import Receipt

_ON_PAPER = ("wall_seconds", "energy_joules")


def routes(receipt: Receipt, sources: Sources) -> Section | None:
    """The chart and the table; None where nothing was raced."""
    arms, speak = receipt.arms, sources.speak
    if not arms:
        return None
    costs = [arm.expected_cost for arm in arms]
    hits = [
        Shown(
            speak.say("routes.of", hits=arm.successes, seeds=arm.seeds),
            numbers.percent(speak, arm.interval),
        )
        for arm in arms
    ]
    weights = [speak.number(f"{arm.weights:,}") for arm in arms]
    columns = [
        Column(speak.say("routes.weights"), [*weights]),
        Column(speak.say("routes.successes"), [*hits]),
    ]
    for key in COLUMNS:
        if any(key in arm.figures and arm.figures[key].known for arm in arms):
            name = speak.say("routes.a_success", name=words.name_of(key, speak))
            columns.append(
                sources.column(name, [one.get(key) for one in costs], paper=key in _ON_PAPER)
            )
    lines = [Line(speak.free(arm.name)) for arm in arms]
    blocks: list[Block] = [Table(speak.say("routes.route"), columns, lines, paper=4)]
    drawn = _scatter(arms, speak)
    if drawn is not None:
        blocks.insert(0, drawn)
    return Section(speak.say("routes.title"), blocks, lead=speak.say("routes.lead"))


def _scatter(arms: Sequence[Arm], speak: Language) -> Routes | None:
    plain = speak.plain

    def form(mark: float, unit: str) -> str:
        return plain.free(numbers.value(plain, Figure(mark, unit)))

    chart = charts.scatter(arms, form)
    if chart is None:
        return None
    points = [
        plain.say("routes.point", name=arm.name, rate=plain.number(f"{100 * arm.rate:.0f} %"))
        for arm in arms
    ]
    said = plain.say(
        "routes.chart", cost=words.name_of(chart.key, plain), points=plain.listed(points)
    )
    key = "routes.caption_log" if chart.logarithmic else "routes.caption"
    caption = speak.say(key, cost=words.name_of(chart.key, speak))
    return Routes(chart, int(charts.PLOT_HEIGHT), said, caption)
