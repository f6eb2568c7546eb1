"""Receipts and comparisons as tables for a terminal, or as plain text when piped."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import TYPE_CHECKING, Any

from tenth.figures import Figure, rounded
from tenth.receipt import words
from tenth.receipt.look.language import Language, language

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from tenth.receipt.arms import Arm
    from tenth.receipt.compare import Comparison
    from tenth.receipt.record import Receipt
    from tenth.receipt.rows import Row
    from tenth.receipt.stage import Stage

WIDTH = 110
_BY_STAGE = ("wall_seconds", "flops_executed", "energy_joules", "carbon_gco2e", "price_usd")
_DEPTH = 1  # of the parts that a table shows; the page and the JSON have all
_BY_ARM = ("wall_seconds", "flops_executed", "energy_joules")
_SURENESS = ("table.interval", "table.label", "table.source")
_COLOURS = {"good": "green", "bad": "red", "open": "dim"}


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


def receipt(receipt: Receipt, lang: str = "en") -> list[RenderableType]:
    """The parts of a receipt from the top: what was spent and saved, then the details."""
    speak = language(lang)
    parts: list[Any] = [*_head(receipt, speak)]
    if receipt.stages:
        parts += [_totals(receipt, speak), _stages(receipt, speak)]
    if receipt.sizes:
        parts.append(_sizes(receipt, speak))
    if receipt.scores:
        named = {speak.named("score", name): figure for name, figure in receipt.scores.items()}
        parts.append(_figures(speak.say("scores.title"), named, speak))
    if receipt.arms:
        parts.append(_arms(receipt.arms, speak))
    if receipt.plan:
        # a comparison prints itself, and the plan against the actual is one
        from tenth.receipt.actual import plan_against_actual

        rows = plan_against_actual(receipt.plan, receipt, stages=receipt.plan_of or None)
        heads = (speak.say("actual.planned"), speak.say("actual.actual"))
        title, which = words.plan_title(receipt, speak), speak.say("actual.ratio")
        parts.append(rows_table(title, rows, *heads, lang, ratio=which))
    notes = [speak.free(note) for note in receipt.notes]
    if not receipt.chained:
        notes.append(speak.say("record.no_chain"))
    if notes:
        parts += [_plain(""), *(_plain(f"· {note}") for note in notes)]
    return parts


def comparison(comparison: Comparison, lang: str = "en") -> list[RenderableType]:
    """The parts of a comparison."""
    speak = language(lang)
    title = speak.say("baseline.of", title=comparison.title, baseline=comparison.baseline)
    heads = (speak.say("baseline.this"), speak.say(f"baseline.{comparison.reference}"))
    from rich.text import Text

    # a title of the table itself is broken where a narrow table ends
    table = rows_table("", comparison.rows, *heads, lang)
    notes = (_plain(f"· {speak.free(note)}") for note in comparison.notes)
    return [Text(title, style="bold"), table, *notes]


def rows_table(
    title: str,
    rows: Iterable[Row],
    value: str,
    reference: str,
    lang: str = "en",
    *,
    ratio: str = "",
) -> Table:
    """Figures beside those they are held against, with the ratio and its interval.

    `ratio` heads its column, where the plain word would leave open which way it goes.
    """
    speak = language(lang)
    heads = (f">{value}", f">{reference}", f">{ratio or speak.say('baseline.ratio')}")
    table = _table(title, "", *heads, speak.say("table.interval"))
    for row in rows:
        found = row.ratio
        if found.value is None:
            told = ("–", found.reason)
        else:
            told = (speak.number(f"{found.value:.3g} ×"), _sureness(row, speak))
        name = words.name_of(row.name, speak)
        cells = (_cell(figure, speak) for figure in (row.value, row.reference))
        table.add_row(_plain(name), *cells, *map(_plain, told))
    return table


def _sureness(row: Row, speak: Language) -> str:
    """The interval of a known ratio, or why it has no width."""
    _, low, high = row.ratio.bounds()
    if low == high:
        return speak.say("baseline.single" if row.single else "baseline.exact")
    least, most = f"{rounded(low, 3, 'down'):.3g}", f"{rounded(high, 3, 'up'):.3g}"
    return speak.say("interval.ends", low=speak.number(least), high=speak.number(most))


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


def _head(receipt: Receipt, speak: Language) -> list[RenderableType]:
    from rich.text import Text

    tone, verdict = words.verdict(receipt, speak)
    edited = [Text(words.edited(receipt, speak), style="bold red")] if receipt.edited else []
    return [
        *edited,
        Text(speak.free(receipt.title), style="bold"),
        *(Text(line, style="dim") for line in words.subtitle(receipt, speak)),
        Text(""),
        Text(words.headline(receipt, speak)),
        Text(verdict, style=_COLOURS[tone]),
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


def _cell(figure: Figure | None, speak: Language) -> RenderableType:
    return _plain("–" if figure is None else words.short(figure, speak))


def _totals(receipt: Receipt, speak: Language) -> Table:
    totals = {words.name_of(key, speak): receipt.total(key) for key in words.metered(receipt)}
    return _figures(speak.say("stages.totals"), totals, speak)


def _figures(title: str, figures: dict[Any, Figure], speak: Language) -> Table:
    heads = (f">{speak.say('table.value')}", *map(speak.say, _SURENESS))
    table = _table(title, "", *heads)
    for name, figure in figures.items():
        label = figure.label if figure.known else "unknown"
        source = figure.source if figure.known else figure.reason
        cells = (words.interval(figure, speak), speak.say(f"label.{label}"), speak.free(source))
        table.add_row(_plain(name), _cell(figure, speak), *map(_plain, cells))
    return table


def _stages(receipt: Receipt, speak: Language) -> Table:
    heads = (f">{words.name_of(key, speak)}" for key in _BY_STAGE)
    table = _table(speak.say("stages.title"), "", *heads)
    for stage in receipt.stages:
        _stage_row(table, stage, 0, speak)
    return table


def _stage_row(table: Table, stage: Stage, depth: int, speak: Language) -> None:
    name = "  " * depth + speak.named("stage", stage.name)
    if stage.interrupted:
        name += f" ({speak.say('stages.interrupted')})"
    table.add_row(_plain(name), *(_cell(stage.figures.get(key), speak) for key in _BY_STAGE))
    if depth < _DEPTH:
        for part in stage.parts:
            _stage_row(table, part, depth + 1, speak)


def _sizes(receipt: Receipt, speak: Language) -> Table:
    heads = (f">{speak.say('bars.before')}", f">{speak.say('bars.after')}", "")
    ends = (speak.say("table.label"), speak.say("table.source"))
    table = _table(speak.say("saved.title"), "", *heads, *ends)
    for size in receipt.sizes:
        much = words.times(size.before, size.after, speak)
        label = speak.say(f"label.{size.after.label}")
        told = map(_plain, (much, label, speak.free(size.after.source)))
        name = _plain(speak.named("size", size.name))
        table.add_row(name, _cell(size.before, speak), _cell(size.after, speak), *told)
    return table


def _arms(arms: list[Arm], speak: Language) -> Table:
    heads = (f">{speak.say('routes.weights')}", f">{speak.say('routes.successes')}")
    costs = (f">{speak.say('routes.a_success', name=words.name_of(key, speak))}" for key in _BY_ARM)
    table = _table(speak.say("routes.title"), "", *heads, speak.say("table.interval"), *costs)
    for arm in arms:
        cost = arm.expected_cost
        table.add_row(
            _plain(speak.free(arm.name)),
            _plain(speak.number(f"{arm.weights:,}")),
            _plain(speak.say("routes.of", hits=arm.successes, seeds=arm.seeds)),
            _plain(words.percent(arm.interval, speak)),
            *(_cell(cost.get(key), speak) for key in _BY_ARM),
        )
    return table
