"""Where the marks of the page's charts stand: all in percent of the plot, so that any width fits.

Text keeps its size on a phone because only positions scale, never the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenth.figures import Figure, human

if TYPE_CHECKING:
    from tenth.receipt.arms import Arm
    from tenth.receipt.record import BeforeAfter

# the narrowest plot that labels are placed for, in pixels, and the size of a label's letter
_PLOT_WIDTH, PLOT_HEIGHT = 250.0, 240.0
_LETTER_WIDTH, _LINE_HEIGHT = 7.5, 18.0
_LETTERS = 16  # of a label; the table beside the chart has the whole name
_LOG_FROM = 20.0  # a ratio of costs that a linear axis cannot show well
_COSTS = ("wall_seconds", "flops_executed", "energy_joules")


@dataclass(frozen=True)
class Bar:
    """A bar and its interval, as shares of the plot's width in percent."""

    length: float
    low: float
    high: float


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Point:
    """An arm: cost to the right, success upwards, with the ends of its intervals."""

    name: str
    x: float
    y: float
    x_low: float
    x_high: float
    y_low: float
    y_high: float
    label_dx: float
    label_dy: float
    anchor: str


@dataclass(frozen=True)
class Scatter:
    """Success by cost; `key` is the figure that stands for cost."""

    key: str
    ticks: list[Tick]
    points: list[Point]
    logarithmic: bool


def bars(size: BeforeAfter) -> tuple[Bar, Bar] | None:
    """Bars of a size before and after; None where one of them is unknown or not positive."""
    if not (size.before.value and size.after.value) or size.before.value < 0:
        return None
    widest = max(size.before.bounds()[2], size.after.bounds()[2])
    before, after = (
        Bar(*(100 * bound / widest for bound in figure.bounds()))
        for figure in (size.before, size.after)
    )
    return before, after


def scatter(arms: Sequence[Arm], form: Callable[[float, str], str] = human) -> Scatter | None:
    """The chart of arms by the first cost that all of them know; None if there is no such cost.

    Args:
        form: how a number of a unit is written on the axis.
    """
    for key in _COSTS:
        figures = [arm.figures.get(key) for arm in arms]
        costs = [f.bounds() for f in figures if f is not None and f.value and f.value > 0]
        if arms and len(costs) == len(arms):
            unit = arms[0].figures[key].unit
            return _scatter(key, lambda mark, unit=unit: form(mark, unit), arms, costs)
    return None


def _scatter(
    key: str,
    form: Callable[[float], str],
    arms: Sequence[Arm],
    costs: Sequence[tuple[float, float, float]],
) -> Scatter:
    lowest = min(max(low, value / 10) for value, low, _ in costs)
    highest = max(high for _, _, high in costs)
    logarithmic = highest / lowest > _LOG_FROM
    marks = _powers(lowest, highest) if logarithmic else _steps(highest)
    place = _placing(marks[0], marks[-1], logarithmic)
    points: list[Point] = []
    taken: list[tuple[float, float, float, float]] = []
    spots = [
        (place(value), 100 - 100 * arm.rate) for arm, (value, _, _) in zip(arms, costs, strict=True)
    ]
    for x, y in spots:
        taken.append(_box(x, y, -7, 0, 14, "start"))
    for arm, (x, y), (_, low, high) in zip(arms, spots, costs, strict=True):
        name = arm.name if len(arm.name) <= _LETTERS else arm.name[: _LETTERS - 1] + "…"
        dx, dy, anchor = _label_spot(x, y, name, taken)
        rate_low, rate_high = arm.interval
        points.append(
            Point(
                name,
                x,
                y,
                place(max(low, marks[0])),
                place(high),
                100 - 100 * rate_low,
                100 - 100 * rate_high,
                dx,
                dy,
                anchor,
            )
        )
    ticks = [Tick(place(mark), form(mark)) for mark in marks]
    return Scatter(key, ticks, points, logarithmic)


def _placing(first: float, last: float, logarithmic: bool) -> Callable[[float], float]:
    if logarithmic:
        return lambda value: 100 * math.log(value / first) / math.log(last / first)
    return lambda value: 100 * (value - first) / (last - first)


def _steps(highest: float) -> list[float]:
    """Round marks from zero to beyond the highest value: three to six of them."""
    power = 10 ** math.floor(math.log10(highest))
    step = next(s * power for s in (0.2, 0.25, 0.5, 1.0, 2.0) if highest / (s * power) <= 5)
    return [step * n for n in range(math.ceil(highest / step) + 1)]


def _powers(lowest: float, highest: float) -> list[float]:
    first, last = math.floor(math.log10(lowest)), math.ceil(math.log10(highest))
    return [10.0**n for n in range(first, last + 1)]


def _label_spot(
    x: float, y: float, name: str, taken: list[tuple[float, float, float, float]]
) -> tuple[float, float, str]:
    """The first free spot beside a point, marked as taken; one inside the plot if none is free."""
    width = _LETTER_WIDTH * len(name)
    spots = [
        (side * 11.0, dy, "start" if side > 0 else "end")
        for dy in (-13.0, 13.0, -32.0, 32.0, -51.0, 51.0)
        for side in (1, -1)
    ]
    inside = []
    for dx, dy, anchor in spots:
        box = _box(x, y, dx, dy, width, anchor)
        if box[0] < 0 or box[2] > _PLOT_WIDTH + 10 or box[3] > PLOT_HEIGHT + 8:
            continue
        inside.append((dx, dy, anchor))
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return dx, dy, anchor
    return (inside or spots)[0]


def _box(
    x: float, y: float, dx: float, dy: float, width: float, anchor: str
) -> tuple[float, float, float, float]:
    left = x / 100 * _PLOT_WIDTH + dx - (width if anchor == "end" else 0)
    top = y / 100 * PLOT_HEIGHT + dy - _LINE_HEIGHT / 2
    return left, top, left + width, top + _LINE_HEIGHT


def _overlap(
    one: tuple[float, float, float, float], two: tuple[float, float, float, float]
) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def within(ends: tuple[float, float, float]) -> Bar | None:
    """Value, low and high on an axis from zero; None where there is nothing above zero."""
    value, low, high = ends
    if low < 0 or high <= 0:
        return None
    widest = high / 0.96  # the end of the interval stays inside the drawing
    return Bar(*(100 * end / widest for end in (value, low, high)))


def share(part: Figure | None, whole: Figure | None) -> float:
    """A part of a whole in percent, for a bar; 0 where either is unknown."""
    if not (part and whole and part.value and whole.value):
        return 0.0
    return 100 * part.value / whole.value
