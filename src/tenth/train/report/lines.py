"""Where the lines of a chart stand: all in percent of the plot, so that any width fits."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tenth.receipt.charts import Tick

_LOG_FROM = 20.0  # a ratio that a linear axis cannot show well
_LEVEL = 1e-9  # a span below this share of the values is no span

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One quantity over the run; `points` are those of an SVG polyline in a box of 100 × 100."""

    name: str
    points: str
    last: str
    end: tuple[float, float]


@dataclass(frozen=True)
class Chart:
    """Lines over steps, with marks on both axes."""

    title: str
    lines: list[Line]
    across: list[Tick]
    up: list[Tick]
    logarithmic: bool


def chart(
    title: str,
    named: Mapping[str, Points],
    steps: int,
    *,
    bounds: tuple[float, float] | None = None,
    form: Callable[[float], str] = "{:.3g}".format,
) -> Chart | None:
    """Lines of (step, value) over a run of so many steps; None where no line has a point.

    A logarithmic axis is taken for positive values that span more than a factor of 20.
    """
    drawn = {name: points for name, points in named.items() if points}
    if not drawn:
        return None
    values = [value for points in drawn.values() for _, value in points]
    low, high = bounds or (min(values), max(values))
    logarithmic = bounds is None and low > 0 and high / low > _LOG_FROM
    marks = powers(low, high) if logarithmic else rounds(low, high)
    place = _placing(marks[0], marks[-1], logarithmic)
    lines = [_line(name, points, steps, place, form) for name, points in drawn.items()]
    across = [
        Tick(100 * mark / steps, f"{mark:,.0f}") for mark in rounds(0, steps) if mark <= steps
    ]
    up = [Tick(100 - place(mark), form(mark)) for mark in marks]
    return Chart(title, lines, across, up, logarithmic)


def spark(values: Sequence[float]) -> str:
    """The points of a polyline of values in [0, 1], from left to right."""
    across = 100 / max(1, len(values) - 1)
    places = [(across * index, 100 - 100 * value) for index, value in enumerate(values)]
    return _polyline(places if len(places) > 1 else [*places, (100.0, places[0][1])])


def rounds(low: float, high: float) -> list[float]:
    """Round marks from at most `low` to at least `high`: three to six of them.

    >>> rounds(0, 2000)
    [0.0, 500.0, 1000.0, 1500.0, 2000.0]
    """
    size = max(abs(low), abs(high), _LEVEL)
    if high - low <= _LEVEL * size:
        low, high = low - 0.1 * size, high + 0.1 * size
    power = 10.0 ** math.floor(math.log10(high - low))
    step = next(
        s * power for s in (0.2, 0.25, 0.5, 1.0, 2.0, 5.0) if (high - low) / (s * power) <= 4
    )
    first, last = math.floor(low / step), math.ceil(high / step)
    return [step * n for n in range(first, last + 1)]


def powers(low: float, high: float) -> list[float]:
    """Powers of ten from at most `low` to at least `high`.

    >>> powers(0.02, 3)
    [0.01, 0.1, 1.0, 10.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    apart = max(1, math.ceil((last - first) / 5))
    return [10.0**n for n in range(first, last + apart, apart)]


def _placing(first: float, last: float, logarithmic: bool) -> Callable[[float], float]:
    if logarithmic:
        return lambda value: 100 * math.log(value / first) / math.log(last / first)
    return lambda value: 100 * (value - first) / (last - first)


def _line(
    name: str,
    points: Points,
    steps: int,
    place: Callable[[float], float],
    form: Callable[[float], str],
) -> Line:
    places = [(100 * step / steps, 100 - place(value)) for step, value in points]
    return Line(name, _polyline(places), form(points[-1][1]), places[-1])


def _polyline(places: Points) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
