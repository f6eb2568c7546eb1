"""Sums and products of a receipt that must come out: parts, energy × grid, hours × price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import fsum, isclose
from typing import TYPE_CHECKING, Any

from tenth.figures import Figure

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt
    from tenth.receipt.stage import Stage

Wrong = tuple[str, str]

_NEAR = 1e-6  # relative: sums of the same numbers in another order
_ADDITIVE = (
    "wall_seconds",
    "cpu_seconds",
    "written_bytes",
    "flops_useful",
    "flops_executed",
    "flops_dense_equivalent",
    "energy_joules",
    "price_usd",
)
_BY_SHARE = "share of processor time"  # shares of parts need not add up to that of the whole
_FLOPS = ("flops_executed_forward", "flops_executed_backward", "flops_executed_growth")
_JOULES_PER_KWH = 3.6e6


def wrong(receipt: Receipt, plain: Mapping[str, Any]) -> Iterator[Wrong]:
    """Places of a receipt where the numbers contradict each other, and how.

    Args:
        receipt: as read.
        plain: its JSON, for the numbers that reading computes anew.
    """
    for index, stage in enumerate(receipt.stages):
        yield from _stage(stage, receipt, f"stages[{index}]")
    for index, arm in enumerate(receipt.arms):
        anew = arm.to_json()
        for key in ("interval", "expected_cost"):
            if not _alike(plain["arms"][index][key], anew[key]):
                yield f"arms[{index}].{key}", "it does not follow from the runs"


def _stage(stage: Stage, receipt: Receipt, where: str) -> Iterator[Wrong]:
    figures = {name: figure for name, figure in stage.figures.items() if figure.known}
    yield from _of_parts(stage, where)
    yield from _of_components(stage, where)
    yield from _of_flops(figures, where)
    yield from _of_carbon(figures, receipt, where)
    yield from _of_money(stage, where)
    for index, part in enumerate(stage.parts):
        yield from _stage(part, receipt, f"{where}.parts[{index}]")


def _of_parts(stage: Stage, where: str) -> Iterator[Wrong]:
    for name in _ADDITIVE:
        whole = stage.figures.get(name)
        parts = [part.figures[name] for part in stage.parts if name in part.figures]
        known = [part for part in parts if part.known]
        if whole is None or not whole.known or not known or _BY_SHARE in whole.source:
            continue
        value, held = whole.bounds()[0], fsum(part.bounds()[0] for part in known)
        if held > value * (1 + _NEAR):
            yield f"{where}.{name}", f"its parts come to {held:g}, more than the whole: {value:g}"


def _of_components(stage: Stage, where: str) -> Iterator[Wrong]:
    names = [name for name in stage.figures if name.startswith("energy_joules_")]
    whole = stage.figures.get("energy_joules")
    if not names or whole is None or not whole.known:
        return
    parts = [stage.figures[name] for name in names]
    if any(not part.known for part in parts):
        return
    value, held = whole.bounds()[0], fsum(part.bounds()[0] for part in parts)
    rest = stage.figures.get("energy_joules_rest")
    clipped = (
        rest is not None and rest.value == 0
    )  # a meter that reads a little less than its parts
    if not clipped and (held > value * (1 + _NEAR) or (not stage.parts and not _near(held, value))):
        yield f"{where}.energy_joules", f"its components come to {held:g} J, and it says {value:g}"


def _of_flops(figures: Mapping[str, Figure], where: str) -> Iterator[Wrong]:
    if "flops_executed" in figures and all(name in figures for name in _FLOPS):
        value = figures["flops_executed"].bounds()[0]
        held = fsum(figures[name].bounds()[0] for name in _FLOPS)
        if not _near(value, held):
            yield f"{where}.flops_executed", f"forward, backward and growth come to {held:g}"


def _of_carbon(figures: Mapping[str, Figure], receipt: Receipt, where: str) -> Iterator[Wrong]:
    energy, carbon = figures.get("energy_joules"), figures.get("carbon_gco2e")
    grid = receipt.place.carbon
    # a meter may have been told of another place: its source then names another grid
    if energy is None or carbon is None or not grid.known or grid.source not in carbon.source:
        return
    expected = energy.bounds()[0] / _JOULES_PER_KWH * grid.bounds()[0]
    if not _near(carbon.bounds()[0], expected):
        yield f"{where}.carbon_gco2e", f"energy × grid comes to {expected:g} g"


def _of_money(stage: Stage, where: str) -> Iterator[Wrong]:
    money, clock = stage.figures.get("price_usd"), stage.figures.get("wall_seconds")
    if stage.price is None or not stage.price.known or "processes" in stage.notes:
        return
    if money is None or clock is None or not (money.known and clock.known):
        return
    expected = clock.bounds()[0] / 3600 * stage.price.bounds()[0]
    if not _near(money.bounds()[0], expected):
        yield f"{where}.price_usd", f"hours × price comes to {expected:g} USD"


def _near(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=_NEAR, abs_tol=1e-15)


def _alike(one: Any, other: Any) -> bool:
    """Whether two documents are one, up to the last digits of their numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return _near(one, other)
    return one == other
