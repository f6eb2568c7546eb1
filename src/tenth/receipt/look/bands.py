"""Where intervals stand on a logarithmic axis of ratios, in percent of its width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_FARTHEST = 1000.0  # ratios beyond are drawn at the edge
_FEW = 0.9  # powers of ten on one side below which the marks are powers of two
_LEAST = 2.0  # the axis reaches at least so far on either side


@dataclass(frozen=True)
class Band:
    """An interval and the value in it."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Axis:
    """Bands on one axis; `ticks` are places and the ratios there, `one` is where the ratio is 1."""

    bands: list[Band]
    ticks: list[tuple[float, float]]
    one: float


def axis(ratios: Sequence[tuple[float, float, float]]) -> Axis:
    """Place ratios, each as (low, value, high), all above zero.

    >>> [band.value for band in axis([(0.5, 1.0, 2.0)]).bands]
    [50.0]
    """
    held = [[min(max(end, 1 / _FARTHEST), _FARTHEST) for end in ratio] for ratio in ratios]
    lowest = min([1 / _LEAST, *(low for low, _, _ in held)])
    highest = max([_LEAST, *(high for _, _, high in held)])
    marks = _marks(lowest, highest)
    first, last = math.log(min(lowest, marks[0])), math.log(max(highest, marks[-1]))

    def place(ratio: float) -> float:
        return 100 * (math.log(ratio) - first) / (last - first)

    bands = [Band(*map(place, ratio)) for ratio in held]
    return Axis(bands, [(place(mark), mark) for mark in marks], place(1.0))


@dataclass(frozen=True)
class Mark:
    """A mark on an axis of ratios; a `minor` one is left out where there is little room."""

    at: float
    text: str
    minor: bool


def ticks(axis: Axis) -> list[Mark]:
    """The marks of an axis as they are written: `÷ 4`, `1`, `× 2`."""
    one = [ratio for _, ratio in axis.ticks].index(1.0)
    return [
        Mark(at, _written(ratio), (index - one) % 2 == 1)
        for index, (at, ratio) in enumerate(axis.ticks)
    ]


def _written(ratio: float) -> str:
    if ratio == 1:
        return "1"
    return f"× {ratio:.3g}" if ratio > 1 else f"÷ {1 / ratio:.3g}"


def _marks(lowest: float, highest: float) -> list[float]:
    """Powers of two or of ten, one of them 1, that hold the ratios."""
    reach = max(-math.log10(lowest), math.log10(highest))
    step = 2.0 if reach < _FEW else 10.0
    down = math.ceil(-math.log(lowest, step) - 1e-9)
    up = math.ceil(math.log(highest, step) - 1e-9)
    return [step**n for n in range(-down, up + 1)]
