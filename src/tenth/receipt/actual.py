"""A plan beside what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenth.catalogue import devices
from tenth.errors import ComparisonError, FormatError, InputError, must
from tenth.figures import Figure, unknown
from tenth.receipt import words
from tenth.receipt.compare import Comparison
from tenth.receipt.forms import figures_from_json
from tenth.receipt.rows import Row, sharing

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
# what a figure is a multiple of, by a factor that both sides may share
_FROM = {"price_usd": "device_hours", "carbon_kgco2e": "energy_kwh"}
# kinds of devices, and whether work on one sees an accelerator
_SURELY = {"gpu": True, "tpu": True, "cpu": False}


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
    return _sharing(rows)


def _sharing(rows: list[Row]) -> list[Row]:
    """The rows, those with the ratio of time or energy whose sides share a price or a grid."""
    by_name = {row.name: row for row in rows}
    others = [by_name.get(_FROM.get(row.name, "")) for row in rows]
    return [
        sharing(row, other, words.name_of(other.name) if other else "")
        for row, other in zip(rows, others, strict=True)
    ]


def planned(
    receipt: Receipt, path: str | Path | None = None, *, anyway: bool = False
) -> Comparison:
    """What a receipt came to against its own plan, or against one that a file holds.

    Args:
        receipt: what was metered.
        path: what `tenth plan --json` printed; the receipt's own plan if None.
        anyway: a plan of something else, or a receipt that was edited, is set beside it, without
            ratios.

    Raises:
        InputError: there is no plan.
        FormatError: the file holds none.
        ComparisonError: the plan is of another model, or of other devices.
    """
    plan, inputs = (receipt.plan, {}) if path is None else _read(Path(path))
    if not plan:
        remedy = "Give one with --plan, or a baseline."
        raise InputError(must("plan", "part of the receipt, or in a file", "none", remedy))
    differences = [] if path is None else _differences(plan, inputs, receipt)
    if differences and not anyway:
        told = "; ".join(differences)
        raise ComparisonError(
            f"{path} is no plan of this: {told}. A ratio would mean nothing. Plan this model on "
            "this device, or print both with --anyway."
        )
    notes = [f"No ratio, because they differ in {one}." for one in differences]
    if receipt.edited:
        notes.append(f"No ratio, because it is not as it was sealed: {'; '.join(receipt.edited)}.")
    why_not = "not comparable: see below" if notes else ""
    elsewhere = "place" in inputs and inputs["place"] != receipt.place.code
    rows = [
        Row(row.name, row.reference, row.value, why_not or _electricity(row.name, elsewhere))
        for row in plan_against_actual(plan, receipt, stages=receipt.plan_of or None)
    ]
    rows = _sharing(rows)
    kind = "other" if notes else "estimated_by_flops"
    baseline = "its plan" if path is None else "a plan"
    return Comparison(receipt.title, baseline, rows, notes, kind, reference="plan")


def _electricity(name: str, elsewhere: bool) -> str:
    return "different electricity" if name == "carbon_kgco2e" and elsewhere else ""


def _differences(
    plan: Mapping[str, Figure], inputs: Mapping[str, Any], receipt: Receipt
) -> list[str]:
    """What shows that a plan is of another model, or of another kind of device."""
    found = []
    parameters = plan.get("parameters")
    if parameters is not None and parameters.value is not None:
        found += _other_model(parameters.value, receipt)
    return found + _other_device(inputs.get("device"), receipt)


def _other_device(name: Any, receipt: Receipt) -> list[str]:
    """Whether one is an accelerator and the other none; a device of somebody's own is not known."""
    try:
        device = devices.find(str(name))
    except InputError:
        return []
    seen = [str(one) for one in receipt.hardware.get("accelerators") or []]
    # a system on a chip, or a laptop, may show either
    if device.kind not in _SURELY or _SURELY[device.kind] == bool(seen):
        return []
    ran = ", ".join(seen) or str(receipt.hardware.get("cpu") or "no accelerator")
    return [f"device {device.name} against {ran}"]


def _other_model(planned: float, receipt: Receipt) -> list[str]:
    sizes = {size.name: size.before.value for size in receipt.sizes}
    counted, weights = sizes.get("parameters"), sizes.get("weights")
    if counted is not None and not math.isclose(planned, counted, rel_tol=0.01):
        return [f"parameters {planned:,.0f} against {counted:,.0f}"]
    # weights are most of a model's parameters, and never more than all of them
    if counted is None and weights is not None and not planned / 2 <= weights <= planned:
        return [f"parameters {planned:,.0f} against a model of {weights:,.0f} weights"]
    return []


def _read(path: Path) -> tuple[dict[str, Figure], dict[str, Any]]:
    from tenth.receipt.record import read

    form = read(path)
    figures = form.get("figures") if isinstance(form, dict) else None
    if not isinstance(figures, dict):
        raise FormatError(must(str(path), "what `tenth plan --json` prints", "something else"))
    try:
        inputs = form.get("inputs")
        return figures_from_json(figures), inputs if isinstance(inputs, dict) else {}
    except (InputError, TypeError, AttributeError) as error:
        raise FormatError(f"{path} is no plan: {error}") from error


def _parameters(receipt: Receipt, unit: str) -> Figure:
    names = {size.name: size for size in receipt.sizes}
    if "parameters" in names:
        return _in_unit(names["parameters"].before, 1.0, unit)
    if "weights" in names:
        return unknown(unit, "the receipt counts weights, and not all parameters are weights")
    return unknown(unit, "the receipt has no size called parameters")


def _in_unit(figure: Figure, factor: float, unit: str) -> Figure:
    if not figure.known:
        return replace(figure, unit=unit)
    value, low, high = (bound * factor for bound in figure.bounds())
    return replace(figure, value=value, low=low, high=high, unit=unit)
