"""A plan beside what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tenth.errors import FormatError, InputError, must
from tenth.figures import Figure, unknown
from tenth.receipt import words
from tenth.receipt.compare import Comparison
from tenth.receipt.forms import figures_from_json
from tenth.receipt.rows import Row

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

# of a plan's figures: the receipt's figure and the factor that brings it to the plan's unit
_PLANNED = {
    "training_flops": ("flops_executed", 1.0),
    "device_hours": ("wall_seconds", 1 / 3600),
    "days": ("wall_seconds", 1 / 86400),
    "energy_kwh": ("energy_joules", 1 / 3.6e6),
    "carbon_kgco2e": ("carbon_gco2e", 1e-3),
    "price_usd": ("price_usd", 1.0),
}


def plan_against_actual(
    plan: Mapping[str, Figure], receipt: Receipt, *, stages: Iterable[str] | None = None
) -> list[Row]:
    """What was planned beside what it came to; `ratio` = plan ÷ actual.

    Args:
        plan: figures as a plan names them; those without a counterpart are left out.
        receipt: what was metered.
        stages: names of the stages that the plan was for; all if None.
    """
    if stages is not None:
        wanted = set(stages)
        receipt = replace(receipt, stages=[s for s in receipt.stages if s.name in wanted])
    rows = []
    for name, figure in plan.items():
        if name == "parameters":
            rows.append(Row(name, figure, _parameters(receipt, figure.unit)))
        elif name in _PLANNED:
            metered, factor = _PLANNED[name]
            actual = words.total_of(receipt, metered) or unknown("", "no stage metered it")
            rows.append(Row(name, figure, _in_unit(actual, factor, figure.unit)))
    return rows


def planned(receipt: Receipt, path: str | Path | None = None) -> Comparison:
    """What a receipt came to against its own plan, or against one that a file holds.

    Args:
        receipt: what was metered.
        path: what `tenth plan --json` printed; the receipt's own plan if None.

    Raises:
        InputError: there is no plan.
        FormatError: the file holds none.
    """
    plan = receipt.plan if path is None else _read(Path(path))
    if not plan:
        remedy = "Give one with --plan, or a baseline."
        raise InputError(must("plan", "part of the receipt, or in a file", "none", remedy))
    rows = [
        Row(row.name, row.reference, row.value)
        for row in plan_against_actual(plan, receipt, stages=receipt.plan_of or None)
    ]
    return Comparison(receipt.title, "its plan", rows, [], "estimated_by_flops")


def _read(path: Path) -> dict[str, Figure]:
    from tenth.receipt.record import read

    form = read(path)
    figures = form.get("figures") if isinstance(form, dict) else None
    if not isinstance(figures, dict):
        raise FormatError(must(str(path), "what `tenth plan --json` prints", "something else"))
    try:
        return figures_from_json(figures)
    except (InputError, TypeError, AttributeError) as error:
        raise FormatError(f"{path} is no plan: {error}") from error


def _parameters(receipt: Receipt, unit: str) -> Figure:
    for wanted in ("parameters", "weights"):
        for size in receipt.sizes:
            if size.name == wanted:
                return _in_unit(size.before, 1.0, unit)
    return unknown(unit, "the receipt has no size called parameters or weights")


def _in_unit(figure: Figure, factor: float, unit: str) -> Figure:
    if not figure.known:
        return replace(figure, unit=unit)
    value, low, high = (bound * factor for bound in figure.bounds())
    return replace(figure, value=value, low=low, high=high, unit=unit)
