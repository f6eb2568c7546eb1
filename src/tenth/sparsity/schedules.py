"""When the density falls, and when masks move.

A schedule is a function of progress (0 at the first step, 1 when the final density is due for
good), the start density and the final one. All but `alternating` only fall.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from tenth.errors import InputError, must

Schedule = Callable[[float, float, float], float]


def one_shot(progress: float, start: float, final: float) -> float:
    """Stay at the start density, then fall to the final one at once.

    Cost: nothing.
    Source: Han et al. 2015, arXiv:1506.02626, without its repetitions.
    """
    return final if progress >= 1 else start


def cubic(progress: float, start: float, final: float) -> float:
    """Fall fast while much can go, and slowly towards the end.

        density = final + (start - final) * (1 - progress)^3

    Cost: nothing.
    Source: Zhu & Gupta 2017, arXiv:1710.01878.
    """
    return final if progress >= 1 else final + (start - final) * (1 - progress) ** 3


def constant(progress: float, start: float, final: float) -> float:
    """Be at the final density from the first step on.

    Cost: nothing.
    Source: Mocanu et al. 2018, arXiv:1707.04780.
    """
    return final


def alternating(progress: float, start: float, final: float) -> float:
    """Be dense and sparse by turns: ever dense at first, ever sparse in the end.

    The start density holds for 10 parts of 175, then the final one for 20 and the start density
    for 13, over and over; the sixth sparse phase begins at progress 1 and has no end. In a run of
    200 epochs with the final density due at 175, a part is an epoch.

    Cost: nothing.
    Source: Peste et al. 2021 (AC/DC), arXiv:2106.12379, the schedule of 200 epochs on CIFAR-100.
    """
    part = 175 * progress - 10
    return final if progress >= 1 or (part >= 0 and part % 33 < 20) else start


SCHEDULES: dict[str, Schedule] = {
    "one_shot": one_shot,
    "cubic": cubic,
    "constant": constant,
    "alternating": alternating,
}


@dataclass(frozen=True)
class Timetable:
    """When things happen in a run of `steps` optimizer steps.

    every: steps between two looks at the masks.
    ramp: share of the steps after which the final density is reached.
    rest: share of the steps after which the masks rest.
    """

    steps: int
    every: int = 10
    ramp: float = 0.5
    rest: float = 0.75

    def __post_init__(self) -> None:
        for name, value in (("steps", self.steps), ("every", self.every)):
            if not isinstance(value, int) or value < 1:
                raise InputError(must(f"Timetable {name}", "a whole number from 1 up", value))
        for name, value in (("ramp", self.ramp), ("rest", self.rest)):
            if not 0 <= value <= 1:
                raise InputError(must(f"Timetable {name}", "a share of the steps in [0, 1]", value))
        if self.ramp > self.rest:
            remedy = "Masks cannot rest before the final density is reached."
            raise InputError(
                must("Timetable ramp", f"at most rest ({self.rest})", self.ramp, remedy)
            )

    @property
    def ramp_end(self) -> int:
        """The step at which the final density is reached, at least 1."""
        return max(1, math.ceil(self.ramp * self.steps))

    def progress(self, step: int) -> float:
        """How far the density is on its way at `step`: 0 at the start, 1 from `ramp_end` on."""
        return min(1.0, step / self.ramp_end)

    def falls(self, step: int) -> bool:
        """Whether the density may fall at `step`."""
        return step == self.ramp_end or (step < self.ramp_end and step % self.every == 0)

    def moves(self, step: int) -> bool:
        """Whether masks may move at `step`."""
        return step % self.every == 0 and step < self.rest * self.steps

    def share(self, step: int, drop: float) -> float:
        """The share of live weights that move at `step`: `drop` at first, cosine to 0 at rest.

        Source: Dettmers & Zettlemoyer 2019, arXiv:1907.04840.
        """
        end = self.rest * self.steps
        return drop / 2 * (1 + math.cos(math.pi * step / end)) if step < end else 0.0
