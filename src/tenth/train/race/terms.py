"""What is settled before a race begins, so that nothing can be chosen to fit its outcome."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from tenth.errors import InputError, must
from tenth.fit import Settings
from tenth.fit.seeds import checked
from tenth.task import Task
from tenth.train.race.jobs import COSTS

LEAST_SEEDS = 5
# far from the seeds of the verdict, and of the tries after them
_TUNING_SEEDS, _MEASURE_SEED = 1_000_000_000, 2_000_000_000


@dataclass(frozen=True)
class Budget:
    """What one run may cost, as a stopping rule for all arms: it sets how many steps each makes.

    FLOPs are charged at each step's own density. Of two limits the tighter one holds.

    Raises:
        InputError: no limit, or one that is not positive.
    """

    flops: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        given = [limit for limit in (self.flops, self.seconds) if limit is not None]
        if not given or not all(0 < limit < math.inf for limit in given):
            raise InputError(must("budget of a run", "positive FLOPs or seconds", given or "none"))

    def limits(self) -> dict[str, float]:
        """The limit of each figure of a receipt that has one."""
        both = {COSTS["flops"]: self.flops, COSTS["seconds"]: self.seconds}
        return {key: limit for key, limit in both.items() if limit is not None}


@dataclass(frozen=True)
class Terms:
    """The terms of a race.

    Attributes:
        margin: how much of the score on "test" may be lost, in its own unit.
        seeds: runs of each arm in the verdict, paired over arms.
        trials: learning-rate scales that each arm tries.
        tuning_seeds: runs of each trial, from seeds that the verdict never uses.
        restarts: how often a run that failed, or missed the target, is tried again.
        by: the cost that the winner has least of, one of `COSTS`.
        budget: of one run.
        seed: where the seeds of the verdict start.
        target: score on "val" at which a run stops.

    Raises:
        InputError: a number is out of its range.
    """

    margin: float = 0.01
    seeds: int = 14
    trials: int = 4
    tuning_seeds: int = 2
    restarts: int = 0
    by: str = "seconds"
    budget: Budget | None = None
    seed: int = 0
    target: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.margin < math.inf:
            raise InputError(must("margin", "a positive number", self.margin))
        for name, least in (("seeds", LEAST_SEEDS), ("trials", 1), ("tuning_seeds", 1)):
            if getattr(self, name) < least:
                raise InputError(must(name, f"at least {least}", getattr(self, name)))
        checked(self.seed)
        if self.restarts < 0:
            raise InputError(must("restarts", "at least 0", self.restarts))
        if self.by not in COSTS:
            raise InputError(must("by", f"one of {', '.join(COSTS)}", repr(self.by)))

    @property
    def cost(self) -> str:
        """The figure of a receipt that decides."""
        return COSTS[self.by]

    def verdict_seeds(self) -> range:
        """Seeds of the verdict."""
        return range(self.seed, self.seed + self.seeds)

    def trial_seeds(self) -> range:
        """Seeds of the trials."""
        first = self.seed + _TUNING_SEEDS
        return range(first, first + self.tuning_seeds)

    @property
    def measure_seed(self) -> int:
        """Seed of the runs that find out what a step costs."""
        return self.seed + _MEASURE_SEED

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        budget = form["budget"]
        return cls(**{**form, "budget": Budget(**budget) if budget else None})


def stretched(settings: Settings, task: Task, factor: float) -> Settings:
    """The same run, longer or shorter: whatever is counted in steps is stretched."""

    def times(steps: int | None, least: int = 1) -> int | None:
        return None if steps is None else max(least, round(steps * factor))

    return replace(
        settings,
        steps=times(task.steps if settings.steps is None else settings.steps),
        check_every=times(settings.check_every),
        mask_every=times(settings.mask_every),
        warm_up=times(settings.warm_up, 0),
    )
