"""Receipts and comparisons as tables for a terminal, or as plain text when piped."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import TYPE_CHECKING, Any

from tenth.figures import Figure
from tenth.receipt import words
from tenth.receipt.actual import plan_against_actual

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from tenth.receipt.arms import Arm
    from tenth.receipt.compare import Comparison
    from tenth.receipt.record import Receipt, Stage
    from tenth.receipt.rows import Row

WIDTH = 110
_TOTALS = (
    "wall_seconds",
    "cpu_seconds",
    "peak_rss_bytes",
    "written_bytes",
    "flops_executed",
    "flops_useful",
    "flops_dense_equivalent",
    "energy_joules",
    "carbon_gco2e",
    "price_usd",
)
_BY_STAGE = ("wall_seconds", "flops_executed", "energy_joules", "carbon_gco2e", "price_usd")
_DEPTH = 1  # of the parts that a table shows; the page and the JSON have all
_BY_ARM = ("wall_seconds", "flops_executed", "energy_joules")


def text(parts: Iterable[RenderableType], width: int = WIDTH) -> str:
    """The parts as plain text without colours."""
    from rich.console import Console

    out = StringIO()
    _print(Console(file=out, width=width, color_system=None, emoji=False), parts)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip("\n")


def show(parts: Iterable[RenderableType]) -> None:
    """Print the parts: in colour on a terminal, as plain text elsewhere."""
    import sys

    from rich.console import Console

    if sys.stdout.isatty():
        _print(Console(emoji=False), parts)
    else:
        print(text(parts))


def receipt(receipt: Receipt) -> list[RenderableType]:
    """The parts of a receipt from the top: what was spent and saved, then the details."""
    parts: list[Any] = [*_head(receipt)]
    if receipt.stages:
        parts += [_totals(receipt), _stages(receipt)]
    if receipt.sizes:
        parts.append(_sizes(receipt))
    if receipt.scores:
        parts.append(_figures("Scores", receipt.scores))
    if receipt.arms:
        parts.append(_arms(receipt.arms))
    if receipt.plan:
        rows = plan_against_actual(receipt.plan, receipt, stages=receipt.plan_of or None)
        parts.append(rows_table(words.plan_title(receipt), rows, "planned", "actual"))
    if receipt.notes:
        parts += [_plain(""), *(_plain(f"· {note}") for note in receipt.notes)]
    return parts


def comparison(comparison: Comparison) -> list[RenderableType]:
    """The parts of a comparison."""
    title = f"{comparison.title}, against {comparison.baseline}"
    table = rows_table(title, comparison.rows, "this", "baseline")
    return [table, *(_plain(f"· {note}") for note in comparison.notes)]


def rows_table(title: str, rows: Iterable[Row], value: str, reference: str) -> Table:
    """Figures beside those they are held against, with the ratio and its interval."""
    table = _table(title, "", f">{value}", f">{reference}", ">ratio", "90 % interval")
    for row in rows:
        ratio = row.ratio
        if ratio.value is None:
            told = ("–", ratio.reason)
        else:
            _, low, high = ratio.bounds()
            told = (f"{ratio.value:.3g} ×", f"{low:.3g} – {high:.3g}")
        name = words.name_of(row.name)
        table.add_row(_plain(name), *map(_cell, (row.value, row.reference)), *map(_plain, told))
    return table


def _print(console: Console, parts: Iterable[RenderableType]) -> None:
    from rich.table import Table

    for part in parts:
        if isinstance(part, Table):
            console.print()
        console.print(part)


def _plain(words: str) -> RenderableType:
    # no markup: a title may hold brackets
    from rich.text import Text

    return Text(words)


def _head(receipt: Receipt) -> list[RenderableType]:
    from rich.text import Text

    return [
        Text(receipt.title, style="bold"),
        *(Text(line, style="dim") for line in words.subtitle(receipt)),
        Text(""),
        Text(words.headline(receipt)),
    ]


def _table(title: str, *columns: str) -> Table:
    """A table without frames; a column whose name starts with > is aligned to the right."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for column in columns:
        right = column.startswith(">")
        name = column.removeprefix(">")
        table.add_column(name, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def _cell(figure: Figure) -> RenderableType:
    return _plain(words.short(figure))


def _totals(receipt: Receipt) -> Table:
    having = {name for stage in receipt.stages for name in stage.figures}
    return _figures("In all", {key: receipt.total(key) for key in _TOTALS if key in having})


def _figures(title: str, figures: dict[str, Figure]) -> Table:
    table = _table(title, "", ">value", "90 % interval", "label", "source")
    for key, figure in figures.items():
        label = figure.label if figure.known else "unknown"
        source = figure.source if figure.known else figure.reason
        cells = (words.interval(figure), label, source)
        table.add_row(_plain(words.name_of(key)), _cell(figure), *map(_plain, cells))
    return table


def _stages(receipt: Receipt) -> Table:
    table = _table("By stage", "", *(f">{words.name_of(key)}" for key in _BY_STAGE))
    for stage in receipt.stages:
        _stage_row(table, stage, 0)
    return table


def _stage_row(table: Table, stage: Stage, depth: int) -> None:
    name = "  " * depth + stage.name + (" (interrupted)" if stage.interrupted else "")
    figures = [stage.figures.get(key) for key in _BY_STAGE]
    table.add_row(_plain(name), *(_cell(f) if f else "–" for f in figures))
    if depth < _DEPTH:
        for part in stage.parts:
            _stage_row(table, part, depth + 1)


def _sizes(receipt: Receipt) -> Table:
    table = _table("The model, before and after", "", ">before", ">after", "", "label", "source")
    for size in receipt.sizes:
        much = words.times(size.before, size.after)
        told = map(_plain, (much, size.after.label, size.after.source))
        table.add_row(_plain(size.name), _cell(size.before), _cell(size.after), *told)
    return table


def _arms(arms: list[Arm]) -> Table:
    names = [f">{words.name_of(key)} a success" for key in _BY_ARM]
    table = _table("By route", "", ">weights", ">successes", "90 % interval", *names)
    for arm in arms:
        cost = arm.expected_cost
        table.add_row(
            _plain(arm.name),
            f"{arm.weights:,}",
            f"{arm.successes} of {arm.seeds}",
            words.percent(arm.interval),
            *(_cell(cost[key]) if key in cost else "–" for key in _BY_ARM),
        )
    return table
