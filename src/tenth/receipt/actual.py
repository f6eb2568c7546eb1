"""A plan beside what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tenth.figures import Figure, unknown
from tenth.receipt import words
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
