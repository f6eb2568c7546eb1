"""A verdict as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tenth.figures import Figure, human
from tenth.receipt import render, words
from tenth.train.race.jobs import COSTS

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from tenth.train.race.verdict import Verdict

_NAMES = {
    "seconds": "time",
    "flops": "FLOPs",
    "executed": "executed",
    "energy": "energy",
    "price": "money",
}


def text(verdict: Verdict) -> str:
    """The table and what it says, as plain text."""
    return render.text(parts(verdict))


def parts(verdict: Verdict) -> list[RenderableType]:
    """The tables and the sentences around them."""
    from rich.text import Text

    return [
        *(Text(line) for line in headline(verdict)),
        _verdicts(verdict),
        _costs(verdict),
        *_notes(verdict),
    ]


def _verdicts(verdict: Verdict) -> Table:
    aimed = "reached" if verdict.terms.target is not None else "nets"
    table = _table("arm", ">lr", ">weights", ">test", "90 % interval", f">{aimed}", "verdict")
    for one in verdict.standings:
        value, low, high = one.test.bounds() if one.test.known else (None, None, None)
        cells = (
            one.name,
            f"× {one.scale:g}" if one.scale is not None else "–",
            f"{one.weights:,}",
            f"{value:.4f}" if value is not None else "–",
            f"{low:.4f} – {high:.4f}" if value is not None else "",
            f"{one.reached} of {one.seeds}",
            one.words,
        )
        _add(table, cells)
    return table


def _costs(verdict: Verdict) -> Table:
    cost = verdict.terms.cost
    names = (f">{_NAMES[by]}" for by in COSTS)
    table = _table("what it cost in all", ">runs", *names, ">to dense", ">one net")
    dense = verdict.standings[0].total(cost)
    for one in verdict.standings:
        cells = (
            one.name,
            f"{one.runs}",
            *(words.short(one.total(key)) for key in COSTS.values()),
            _ratio(one.total(cost), dense) or "–",
            words.short(one.each(cost)),
        )
        _add(table, cells)
    return table


def _table(*columns: str) -> Table:
    """A table without frames; a column whose name starts with > is aligned to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        right = column.startswith(">")
        name = column.removeprefix(">")
        table.add_column(name, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def _add(table: Table, cells: Iterable[str]) -> None:
    # no markup: a name may hold brackets
    from rich.text import Text

    table.add_row(*map(Text, cells))


def headline(verdict: Verdict) -> list[str]:
    """Who won, and by what terms, in a few sentences."""
    terms, winner = verdict.terms, verdict.winner
    by = _NAMES[terms.by]
    rule = f"target {terms.target:g} on val" if terms.target is not None else "full length"
    if terms.budget is not None:
        limits = {"FLOP": terms.budget.flops, "s": terms.budget.seconds}
        told = " and ".join(human(limit, unit) for unit, limit in limits.items() if limit)
        rule = f"{told} a run" + (f", or {rule}" if terms.target is not None else "")
    restarts = f", up to {terms.restarts} restarts" if terms.restarts else ""
    settled = (
        f"Settled beforehand: margin {terms.margin:g}, {terms.seeds} paired seeds, "
        f"{terms.trials} trials an arm on {terms.tuning_seeds} seeds, {rule}{restarts}."
    )
    if winner is None:
        return [f"{verdict.task}: no arm wins.", settled]
    ratio = _ratio(winner.total(terms.cost), verdict.standings[0].total(terms.cost))
    against = f" at {ratio} of its {by}" if winner is not verdict.standings[0] and ratio else ""
    if not verdict.shown:
        won = f"{verdict.task}: no arm was shown non-inferior to dense."
    elif against:
        won = f"{verdict.task}: {winner.name} wins, {winner.words} of dense{against}."
    else:
        won = f"{verdict.task}: {winner.name} wins by {by}."
    return [won, settled, *_missed(verdict)]


def _missed(verdict: Verdict) -> list[str]:
    """That dense, which all others are measured against, missed the target, where it did."""
    dense = verdict.standings[0]
    if verdict.terms.target is None or dense.reached == dense.seeds:
        return []
    return [
        f"Dense itself missed the target in {dense.seeds - dense.reached} of {dense.seeds} seeds: "
        "non-inferior to it does not mean that the target was reached."
    ]


def _ratio(figure: Figure, dense: Figure) -> str:
    if not figure.value or not dense.value or figure.unit != dense.unit:
        return ""
    return f"{figure.value / dense.value:.3g} ×"


def _notes(verdict: Verdict) -> list[RenderableType]:
    from rich.text import Text

    by = _NAMES[verdict.terms.by]
    told = [
        "Costs are of everything an arm ran: trials, all seeds, restarts, failed and lost runs, "
        f"tests. 'to dense' compares {by} in all with dense, 'one net' is the mean {by} of a seed.",
        "FLOPs are charged at each step's own density; FLOPs executed are what was computed.",
        *verdict.notes,
    ]
    return [Text(""), *(Text(f"· {note}") for note in told)]
