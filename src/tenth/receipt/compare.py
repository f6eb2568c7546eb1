"""Two receipts side by side, where that means something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenth.errors import ComparisonError
from tenth.figures import Figure, counted
from tenth.receipt import render, words
from tenth.receipt.rows import Paired, Row, sharing

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

_HARDWARE = ("cpu", "machine", "threads", "accelerators", "machines")
_SUMS = (
    "wall_seconds",
    "cpu_seconds",
    "flops_executed",
    "flops_useful",
    "energy_joules",
    "carbon_gco2e",
    "price_usd",
    "peak_rss_bytes",
    "written_bytes",
)
# what a figure is a multiple of, by a factor that both sides may share
_FROM = {"price_usd": "wall_seconds", "carbon_gco2e": "energy_joules"}


@dataclass(frozen=True)
class Comparison:
    """What one receipt cost against a baseline; a ratio below 1 is a saving.

    `baseline_kind` says what the baseline is worth: `measured_same_hardware`, where both ran on
    machines alike and were timed; else `other`, and no row has a ratio. `reference` is the head of
    the baseline's column, a message of its language: `other` (baseline), `plan`, `was`.
    """

    title: str
    baseline: str
    rows: list[Row]
    notes: list[str]
    baseline_kind: str = "other"
    reference: str = "other"

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON."""
        return {
            "title": self.title,
            "baseline": self.baseline,
            "rows": [row.to_json() for row in self.rows],
            "notes": list(self.notes),
            "baseline_kind": self.baseline_kind,
        }

    def __str__(self) -> str:
        return render.text(render.comparison(self))


def compare(receipt: Receipt, baseline: Receipt) -> Comparison:
    """Hold a receipt against a baseline, figure by figure.

    Raises:
        ComparisonError: task, metric, target, margin or hardware differ.
    """
    differences = _differences(receipt, baseline)
    if differences:
        raise ComparisonError(
            "these receipts cannot be compared: "
            + "; ".join(differences)
            + ". A ratio between them would mean nothing. Run both on one machine to one target."
        )
    rows = _rows(receipt, baseline, "")
    return Comparison(
        receipt.title,
        baseline.title,
        rows,
        _missed([receipt, baseline]) + _unequal(receipt, baseline),
        "measured_same_hardware",
    )


def beside(receipt: Receipt, baseline: Receipt) -> Comparison:
    """Both receipts side by side, whatever they are; no ratio where one would mean nothing."""
    notes = [f"No ratio, because they differ in {one}." for one in _differences(receipt, baseline)]
    notes += [
        f"No ratio, because {one.title!r} is not as it was sealed: {'; '.join(one.edited)}."
        for one in (receipt, baseline)
        if one.edited
    ]
    if not notes:
        return compare(receipt, baseline)
    rows = _rows(receipt, baseline, "not comparable: see below")
    return Comparison(receipt.title, baseline.title, rows, notes + _missed([receipt, baseline]))


def _differences(receipt: Receipt, baseline: Receipt) -> list[str]:
    return [*_task_differences(receipt, baseline), *_hardware_differences(receipt, baseline)]


def _rows(receipt: Receipt, baseline: Receipt, why_not: str) -> list[Row]:
    rows = [
        Row(name, mine[name], theirs[name], why_not or _no_ratio(name, receipt, baseline))
        for mine, theirs in ((_sums(receipt), _sums(baseline)), (receipt.scores, baseline.scores))
        for name in mine
        if name in theirs and mine[name].unit == theirs[name].unit
    ]
    if not why_not:
        rows = _sharing(rows, receipt, baseline)
    rows += _size_rows(receipt, baseline, why_not)
    if receipt != baseline:
        return rows
    same = counted(1.0, "×", "one and the same receipt")
    return [_paired(row, same) if row.ratio.known else row for row in rows]


def _sharing(rows: list[Row], receipt: Receipt, baseline: Receipt) -> list[Row]:
    """The rows, those with their own ratio whose two figures share a price or a grid factor."""
    by_name = {row.name: row for row in rows}
    same = {
        "price_usd": _hour_prices(receipt) == _hour_prices(baseline),
        "carbon_gco2e": receipt.place == baseline.place,
    }
    found = []
    for row in rows:
        other = by_name.get(_FROM.get(row.name, ""))
        if other is not None and same[row.name]:
            row = sharing(row, other, words.name_of(other.name))
        found.append(row)
    return found


def _paired(row: Row, ratio: Figure) -> Row:
    return Paired(row.name, row.value, row.reference, paired=ratio)


def _sums(receipt: Receipt) -> dict[str, Figure]:
    having = {name for stage in receipt.stages for name in stage.figures}
    return {name: receipt.total(name) for name in _SUMS if name in having}


def _task_differences(receipt: Receipt, baseline: Receipt) -> list[str]:
    mine, theirs = receipt.task.to_json(), baseline.task.to_json()
    return [
        f"{'task' if key == 'name' else key} {_said(mine[key])} against {_said(theirs[key])}"
        for key in mine
        if mine[key] != theirs[key]
    ]


def _hardware_differences(receipt: Receipt, baseline: Receipt) -> list[str]:
    return [
        f"hardware ({key}) {_said(mine)} against {_said(theirs)}"
        for key in _HARDWARE
        if (mine := receipt.hardware.get(key)) != (theirs := baseline.hardware.get(key))
    ]


def _said(value: Any) -> str:
    return "none" if value in (None, [], "") else repr(value)


def _no_ratio(name: str, receipt: Receipt, baseline: Receipt) -> str:
    """Why a ratio would measure something other than the work."""
    if name == "carbon_gco2e" and receipt.place != baseline.place:
        return f"different electricity: {receipt.place.name} against {baseline.place.name}"
    if name == "price_usd":
        mine, theirs = _hour_prices(receipt), _hour_prices(baseline)
        if mine and theirs and mine != theirs:
            return "different prices of an hour"
    return ""


def _hour_prices(receipt: Receipt) -> set[str]:
    """Prices of an hour that its stages were billed at: their rows, else what comes out of them."""
    prices = set()
    for stage in receipt.stages:
        if stage.price is not None and stage.price.value is not None:
            prices.add(f"{stage.price.value:.6g}")
            continue
        money, clock = stage.figures.get("price_usd"), stage.figures.get("wall_seconds")
        if money and clock and money.value is not None and clock.value:
            prices.add(f"{money.value / clock.value * 3600:.6g}")
    return prices


def _size_rows(receipt: Receipt, baseline: Receipt, why_not: str) -> list[Row]:
    theirs = {size.name: size.after for size in baseline.sizes}
    return [
        Row(f"{size.name} of the result", size.after, theirs[size.name], why_not)
        for size in receipt.sizes
        if size.name in theirs and theirs[size.name].unit == size.after.unit
    ]


def _missed(receipts: Iterable[Receipt]) -> list[str]:
    """What keeps the comparison from being one of equals."""
    notes = []
    for receipt in receipts:
        target = receipt.task.target
        if target is None:
            notes.append(f"{receipt.title!r} states no target: compare the scores too")
        elif words.missed(receipt):
            notes.append(f"{receipt.title!r} missed its target of {target:g}")
        if any(stage.interrupted for stage in receipt.stages):
            notes.append(f"{receipt.title!r} was interrupted: its costs are of a part of the work")
    return list(dict.fromkeys(notes))


def _unequal(receipt: Receipt, baseline: Receipt) -> list[str]:
    """Words on what a ratio between like receipts still does not say."""
    if receipt == baseline:
        return ["Both are one and the same receipt."]
    notes = []
    if receipt.task.target is None:
        pairs = (
            (name, mine.value, baseline.scores[name].value)
            for name, mine in receipt.scores.items()
            if name in baseline.scores
        )
        notes += [
            f"The scores differ ({name}: {mine:.4g} against {theirs:.4g}), and no target says that "
            "both are good enough: a ratio of costs is not one at equal quality."
            for name, mine, theirs in pairs
            if mine is not None and theirs is not None and mine != theirs
        ]
    energies = [words.total_of(one, "energy_joules") for one in (receipt, baseline)]
    if all(energy is not None and energy.label == "modelled" for energy in energies):
        notes.append(
            "Energy is by one model on machines alike: part of its error is shared, and the ratio "
            "of energy may be surer than its interval says."
        )
    return notes
