"""Curves of a run for the terminal, drawn in blocks of an eighth of a line each."""

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_BLOCKS = " ▁▂▃▄▅▆▇█"
_SLOTS = 240  # a curve is kept in so many parts of the run, and drawn in as many as there is room
_NAMES, _FIGURES, _WIDEST = 8, 10, 80  # columns
_HEIGHTS = {"loss": 4, "score": 2, "density": 1}  # lines


class Curves:
    """Loss, score and density so far; give it every step, and rich prints it.

    A step that is no later than the one before begins another run.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._step = 0
        self._sums: dict[str, list[float]] = {name: [0.0] * _SLOTS for name in _HEIGHTS}
        self._counts: dict[str, list[int]] = {name: [0] * _SLOTS for name in _HEIGHTS}
        self._last: dict[str, float] = {}

    def take(self, step: Any) -> None:
        """Take in where the run stands."""
        if step.step <= self._step:
            self._forget()
        self._step = step.step
        slot = min(_SLOTS - 1, (step.step - 1) * _SLOTS // step.steps)
        for name in _HEIGHTS:
            value = getattr(step, name)
            if value is not None and math.isfinite(value):
                self._sums[name][slot] += value
                self._counts[name][slot] += 1
                self._last[name] = value

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(_WIDEST, options.max_width - _NAMES - _FIGURES)
        for name, last in self._last.items():
            if width < 1:  # a terminal too narrow for a curve still has room for the figure
                yield Text(f"{name} {last:.4g}", no_wrap=True, overflow="crop")
                continue
            rows = drawn(self._columns(name, width), _HEIGHTS[name])
            for number, row in enumerate(rows):
                lowest = number == len(rows) - 1
                head, figure = (name, f"{last:.4g}") if lowest else ("", "")
                yield Text(f"{head:<{_NAMES}}{row}{figure:>{_FIGURES}}", no_wrap=True)

    def _columns(self, name: str, width: int) -> list[float]:
        """The mean in each column; where nothing was told, that of the column before."""
        sums, counts = self._sums[name], self._counts[name]
        means: list[float] = []
        for column in range(width):
            first = column * _SLOTS // width
            part = slice(first, max(first + 1, (column + 1) * _SLOTS // width))
            count = sum(counts[part])
            before = means[-1] if means else math.nan
            means.append(sum(sums[part]) / count if count else before)
        told = max(slot for slot in range(_SLOTS) if counts[slot])
        return [m if c * _SLOTS // width <= told else math.nan for c, m in enumerate(means)]


def drawn(values: Sequence[float], height: int) -> list[str]:
    """Lines of text, from the top, whose columns rise from the least to the greatest value.

    A NaN is an empty column; the least value is a lowest block, so that it can be seen.

    >>> drawn([0, 1, 2, 3], 1)
    ['▁▃▆█']
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return [" " * len(values)] * height
    low, span = min(known), max(known) - min(known)
    steps = 8 * height - 1
    filled = [
        0 if math.isnan(value) else 1 + round(steps * (value - low) / span) if span else 4 * height
        for value in values
    ]
    return [
        "".join(_BLOCKS[min(8, max(0, fill - 8 * row))] for fill in filled)
        for row in reversed(range(height))
    ]
