"""Which figures a receipt's page shows, and the cells and tables that several sections share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tenth.figures import Figure, human
from tenth.receipt import words
from tenth.receipt.look.blocks import Column, Line, Table
from tenth.receipt.look.language import Language, Said
from tenth.receipt.look.shown import Shown, Sources

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt
    from tenth.receipt.rows import Row

COLUMNS = ("wall_seconds", "flops_executed", "energy_joules", "carbon_gco2e", "price_usd")
_DIGITS = 2  # of a ratio


def of_receipt(receipt: Receipt, speak: Language) -> Iterator[tuple[Said, Figure]]:
    """Each figure of the receipt with its name: totals, sizes, scores, routes, plan."""
    for key in words.metered(receipt):
        yield words.name_of(key, speak), receipt.total(key)
    for size in receipt.sizes:
        name = speak.named("size", size.name)
        yield name, size.before
        yield name, size.after
    for score, figure in receipt.scores.items():
        yield speak.named("score", score), figure
    for arm in receipt.arms:
        for key in COLUMNS:
            figure = arm.expected_cost.get(key)
            if figure is None:
                continue
            yield _of(speak, "routes.a_success", key, speak.free(arm.name)), figure
    for key, figure in receipt.plan.items():
        yield words.name_of(key, speak), figure


def unknown_in(receipt: Receipt, speak: Language) -> Iterator[tuple[Said, Figure]]:
    """Each figure that the page shows as unknown, with its name, those of stages included."""
    for name, figure in of_receipt(receipt, speak):
        if not figure.known:
            yield name, figure
    for stage in receipt.stages:
        for key in COLUMNS:
            figure = stage.figures.get(key)
            if figure is not None and not figure.known:
                thing = speak.named("stage", stage.name)
                yield speak.say("unknown.of", name=words.name_of(key, speak), thing=thing), figure


def _of(speak: Language, message: str, key: str, thing: Said) -> Said:
    name = speak.say(message, name=words.name_of(key, speak))
    return speak.say("unknown.of", name=name, thing=thing)


def table(sources: Sources, corner: Said, named: Sequence[tuple[Said, Figure]]) -> Table:
    """A table of one figure a row: value with interval, and how it is known."""
    speak = sources.speak
    shown = [sources.show(figure) for _, figure in named]
    columns = [
        Column(speak.say("table.value"), [*shown], plain=True),
        Column(speak.say("table.label"), [*shown], role="label"),
    ]
    return Table(corner, columns, [Line(name) for name, _ in named])


def ratio(speak: Language, row: Row) -> Shown:
    """The ratio of a row; where it comes from stands in the two cells before it."""
    found = row.ratio
    if not found.known:
        return Shown(Said("–"), speak.free(row.why_no_ratio) if row.why_no_ratio else Said(""))
    value, least, most = found.bounds()
    told = speak.number(human(value, "", _DIGITS))
    if least == most:
        return Shown(told, Said(""))
    low, high = (speak.number(end) for end in ends(least, most))
    return Shown(told, speak.say("interval.ends", low=low, high=high))


def ends(low: float, high: float) -> tuple[str, str]:
    """The ends of an interval of ratios, rounded outwards."""
    return human(low, "", _DIGITS, "down"), human(high, "", _DIGITS, "up")
