"""How a run of steps goes: its length, when it may stop, its learning rate, when it is saved."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from tenth.errors import InputError, must
from tenth.fit.rates import RATES
from tenth.fit.threads import AUTO
from tenth.task import Task

MASK_UPDATES = 100  # masks move so often in a run, unless it is short


@dataclass(frozen=True)
class Settings:
    """What a user may say about a run; what is None comes from the task or from the length.

    Attributes:
        steps: the longest run; None: the task's.
        target: score on "val" at which the run stops, once the final density is reached; None:
            the task's, `math.inf`: never.
        check_every: steps between two looks at that score; None: a twentieth of the run.
        lr_schedule: "constant" or "cosine" (to zero at `steps`), times the optimizer's own rate.
        lr_scale: factor on the optimizer's own rate.
        warm_up: steps in which the rate rises linearly from zero.
        ema: decay of an average of the weights, such as 0.999, which is then scored and returned;
            None: the last weights are.
        mask_every: steps between two updates of the masks; None: a hundredth of the run, but at
            least 10.
        place: ISO3 country code of the receipt's electricity.
        save_seconds: a checkpoint is written so often.
        sparse: "auto": layers skip their zeros where that is faster on this machine; "never": all
            run dense, and a run gives the same bits whatever the machine finds faster.
        threads: of torch; "auto": as many as a step keeps busy (see `fit.threads`); None: as torch
            is set.
    """

    steps: int | None = None
    target: float | None = None
    check_every: int | None = None
    lr_schedule: str = "cosine"
    lr_scale: float = 1.0
    warm_up: int = 0
    ema: float | None = None
    mask_every: int | None = None
    place: str | None = None
    save_seconds: float = 60.0
    sparse: str = "auto"
    threads: int | str | None = None

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("check_every", 1), ("mask_every", 1), ("warm_up", 0)):
            value = getattr(self, name)
            if value is not None and not (_whole(value) and value >= least):
                raise InputError(must(name, f"a whole number of at least {least}", repr(value)))
        if self.target is not None and not _number(self.target):
            raise InputError(must("target", "a number", repr(self.target)))
        if self.lr_schedule not in RATES:
            raise InputError(must("lr_schedule", f"one of {', '.join(RATES)}", self.lr_schedule))
        if not (_number(self.lr_scale) and 0 < self.lr_scale < math.inf):
            raise InputError(must("lr_scale", "a positive number", repr(self.lr_scale)))
        if self.ema is not None and not (_number(self.ema) and 0 < self.ema < 1):
            raise InputError(must("ema", "between 0 and 1", repr(self.ema), "0.999 is usual."))
        if self.sparse not in ("auto", "never"):
            raise InputError(must("sparse", '"auto" or "never"', repr(self.sparse)))
        threads: Any = self.threads
        if threads not in (None, AUTO) and not (_whole(threads) and threads >= 1):
            rule = 'a whole number of at least 1, or "auto"'
            raise InputError(must("threads", rule, repr(threads)))
        if not (_number(self.save_seconds) and self.save_seconds >= 0):
            raise InputError(must("save_seconds", "at least 0", repr(self.save_seconds)))

    def for_task(self, task: Task, updates: int = MASK_UPDATES) -> "Pace":
        """The same with every gap filled; masks move `updates` times, where nothing is said.

        Raises:
            InputError: the target is above the best score of the task.
        """
        target = _finite(self.target)
        if target is not None and task.best is not None and target > task.best:
            rule = f"at most {task.best:g}, the highest score of this task"
            raise InputError(must("target", rule, target))
        steps = task.steps if self.steps is None else self.steps
        return Pace(
            steps=steps,
            target=_finite(task.target if self.target is None else self.target),
            check_every=self.check_every or max(1, steps // 20),
            lr_schedule=self.lr_schedule,
            lr_scale=self.lr_scale,
            warm_up=self.warm_up,
            ema=self.ema,
            mask_every=self.mask_every or max(10, steps // updates),
        )


@dataclass(frozen=True)
class Pace:
    """Settings without gaps: all that decides which weights come out."""

    steps: int
    target: float | None
    check_every: int
    lr_schedule: str
    lr_scale: float
    warm_up: int
    ema: float | None
    mask_every: int

    def rate(self, step: int) -> float:
        """Factor on the optimizer's own rate at a step, counted from 1."""
        rising = min(1.0, step / self.warm_up) if self.warm_up else 1.0
        return self.lr_scale * rising * RATES[self.lr_schedule](step - 1, self.steps)

    def longer(self, factor: float) -> "Pace":
        """The same run, stretched."""
        return dataclasses.replace(
            self,
            steps=round(self.steps * factor),
            check_every=max(1, round(self.check_every * factor)),
            mask_every=max(1, round(self.mask_every * factor)),
            warm_up=round(self.warm_up * factor),
        )


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not math.isnan(value)


def _finite(target: float | None) -> float | None:
    return None if target is None or math.isinf(target) else float(target)
