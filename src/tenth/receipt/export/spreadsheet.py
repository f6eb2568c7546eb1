"""Every figure of a receipt as a row of CSV (RFC 4180)."""

import csv
import io
from collections.abc import Iterator

from tenth.figures import Figure
from tenth.receipt.export import tally
from tenth.receipt.export.facts import Facts
from tenth.receipt.export.filled import Filled, Sheet
from tenth.receipt.record import Receipt, Stage

COLUMNS = ("part", "figure", "value", "unit", "low", "high", "label", "source", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Named = tuple[str, str, Figure]


def fill(receipt: Receipt, facts: Facts) -> Filled:
    """One row a figure: totals, stages, scores, sizes, arms, plan. Unknown is an empty cell."""
    sheet = Sheet()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for part, name, figure in _all(receipt, facts):
        numbers = [figure.value, figure.low, figure.high]
        value, low, high = ("" if number is None else repr(number) for number in numbers)
        label = figure.label if figure.known else ""
        words = [label, _safe(figure.source), _safe(figure.reason)]
        writer.writerow([_safe(part), _safe(name), value, figure.unit, low, high, *words])
        if not figure.known:
            sheet.leave(f"{part}: {name}", figure.reason)
    return sheet.filled("csv", text.getvalue(), ".csv")


def _all(receipt: Receipt, facts: Facts) -> Iterator[Named]:
    for name in dict.fromkeys(name for stage in receipt.stages for name in stage.figures):
        yield "total", name, receipt.total(name)
    yield "total", "energy_kwh", tally.energy_kwh(receipt)
    yield "total", "carbon_market_gco2e", tally.market_gco2e(receipt, facts)
    yield "total", "carbon_embodied_gco2e", tally.embodied_gco2e(receipt, facts)
    yield "place", receipt.place.name, receipt.place.carbon
    for stage in receipt.stages:
        yield from _stage("stage", stage)
    for name, figure in receipt.scores.items():
        yield "score", name, figure
    for size in receipt.sizes:
        yield "size before", size.name, size.before
        yield "size after", size.name, size.after
    for arm in receipt.arms:
        for name, figure in arm.figures.items():
            yield f"arm {arm.name}", name, figure
    for name, figure in receipt.plan.items():
        yield "plan", name, figure


def _stage(above: str, stage: Stage) -> Iterator[Named]:
    name = f"{above} {stage.name}" if above == "stage" else f"{above} / {stage.name}"
    for key, figure in stage.figures.items():
        yield name, key, figure
    for part in stage.parts:
        yield from _stage(name, part)


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula: such a one gets an apostrophe in front."""
    return f"'{text}" if text.startswith(_FORMULA) else text
