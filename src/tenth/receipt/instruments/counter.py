"""Counters of energy and readings of power, as joules that only grow.

A sensor that stops, jumps back, or says what no device can draw is missing from then on: what it
said before is not a smaller figure but a wrong one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

_SILENT_SECONDS = 2.0  # no device that works takes nothing for so long
_GAP_SECONDS = 60.0  # samples of power further apart than this leave too much to guess


@dataclass(frozen=True)
class Point:
    """Joules at a moment of the monotonic clock."""

    joules: float
    seconds: float


@dataclass(frozen=True)
class Scale:
    """How a counter is read: joules of one count, and what no device of its kind can draw.

    `size` is where it starts anew; None if it never does. `step_joules` may come at once, since a
    counter moves in steps and an update may be late.
    """

    joules: float
    most_watts: float
    size: int | None = None
    step_joules: float = 50.0


class Sensor:
    """Joules that come together from samples; `missing` says why they are not known."""

    unit = ""

    def __init__(self, name: str, read: Callable[[], float], now: float) -> None:
        self.name = name
        self.missing = ""
        self._read = read
        self._last = self._take()
        self._point = Point(0.0, now)

    @property
    def point(self) -> Point:
        """Where it stood at the last sample."""
        return self._point

    def sample(self, now: float) -> None:
        """Take what came since the last sample; once missing, it stays so."""
        if self.missing:
            return
        value = self._take()
        joules = 0.0 if self.missing else self._joules(value, now - self._point.seconds)
        if not self.missing:
            self._last = value
            self._point = Point(self._point.joules + joules, now)

    def _joules(self, value: float, seconds: float) -> float:
        """What a value adds after so many seconds, or a word in `missing`."""
        raise NotImplementedError

    def _take(self) -> float:
        try:
            value = self._read()
        except Exception as error:  # whatever a vendor's library raises
            self.missing = f"{self.name} cannot be read ({error})"
            return math.nan
        if not math.isfinite(value) or value < 0:
            self.missing = f"{self.name} says {value}{self.unit}"
        return value


class Counter(Sensor):
    """The joules that a cumulative counter has advanced."""

    def __init__(self, name: str, read: Callable[[], float], scale: Scale, now: float) -> None:
        self._scale = scale
        super().__init__(name, read, now)

    def _joules(self, value: float, seconds: float) -> float:
        allowed = seconds * self._scale.most_watts
        advance = value - self._last
        if self._scale.size is not None:
            whole = self._scale.size * self._scale.joules
            if allowed > whole:
                self.missing = f"{self.name} may have run round between two samples"
            if advance < 0:
                advance += self._scale.size
        joules = advance * self._scale.joules
        if value < self._last and not 0 <= joules <= allowed + self._scale.step_joules:
            self.missing = f"{self.name} jumped back from {self._last:g} to {value:g}"
        elif joules > 2 * allowed + self._scale.step_joules:
            self.missing = f"{self.name} jumped by {joules:.3g} J, more than can have been drawn"
        return joules


class Power(Sensor):
    """The joules that readings of power, in watts, add up to, by the trapezoidal rule."""

    unit = " W"

    def _joules(self, value: float, seconds: float) -> float:
        if seconds > _GAP_SECONDS:
            self.missing = f"{self.name} was not read for {seconds:.0f} s"
        return seconds * (self._last + value) / 2


def advance(sensor: Sensor, start: Point) -> tuple[float, str]:
    """Joules since `start`, and why they are not known where they are not."""
    if sensor.missing:
        return 0.0, sensor.missing
    joules = sensor.point.joules - start.joules
    seconds = sensor.point.seconds - start.seconds
    if joules > 0:
        return joules, ""
    if seconds >= _SILENT_SECONDS:
        return 0.0, f"{sensor.name} did not move in {seconds:.1f} s"
    return 0.0, f"{sensor.name} did not move yet in {seconds:.2g} s"
