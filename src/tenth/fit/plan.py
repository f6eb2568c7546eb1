"""What a run of steps is told before it begins, and what it tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn

from tenth.fit.settings import Pace
from tenth.fit.teacher import Teacher
from tenth.sparsity import Method, Timetable


@dataclass(frozen=True)
class Step:
    """Where a run stands.

    In a history, `loss` is the mean since the entry before, and what only a look at the run gives
    is filled in; two entries are equal whatever the seconds were.

    Attributes:
        step: steps made.
        steps: steps planned.
        loss: of the task.
        score: the last one on "val".
        density: fraction of the prunable weights now kept.
        rate: learning rate of the optimizer's first group.
        explored: fraction of the prunable weights that were kept at any time so far.
        layers: density by weight name; empty where no weight can be removed.
        live: share of the neurons that keep a weight, by weight name.
        seconds: by phase, since the entry before.
    """

    step: int
    steps: int
    loss: float
    score: float | None
    density: float
    rate: float | None = None
    explored: float = 1.0
    layers: Mapping[str, float] = field(default_factory=dict)
    live: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)


OnStep = Callable[[Step], Any]


class Watch(Protocol):
    """Looks at a model while it trains, every so many steps, and says when that is enough."""

    every: int

    def enough(self, model: nn.Module) -> bool:
        """Whether the run may end here."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What it remembers: tensors, numbers and strings only."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember what another one did."""
        ...


@dataclass(frozen=True)
class Plan:
    """One run, described so that it can be repeated.

    Attributes:
        name: the stage's name in the receipt.
        pace: length, stopping, learning rate.
        seed: draws batches and masks.
        density: fraction of the prunable weights kept in the end.
        method: how weights are chosen; None: all are kept.
        ramp: share of the steps after which the final density is reached.
        rest: share of the steps after which the masks rest.
        keep_zeros: weights that are zero at the start are removed already.
        rescale: enlarge the fresh weights of a sparse start by each neuron's sparse fan-in.
        place: ISO3 country code of the receipt's electricity.
        save_seconds: a checkpoint is written so often.
        sparse: "auto" or "never", see `Settings`.
        teacher: a trained net to learn from, beside the loss of the task.
        trained: the first weights are trained already: a first mask keeps the largest of them,
            where it would otherwise be drawn at random.
        masks: the first masks, where they are given; by weight name.
        begin: steps that count as made: the learning rate goes on from there, the data begin anew.
        end: the last step; None: that of the pace.
        watch: may end the run before.
    """

    name: str
    pace: Pace
    seed: int = 0
    density: float = 1.0
    method: Method | None = None
    ramp: float = 0.5
    rest: float = 0.75
    keep_zeros: bool = False
    rescale: bool = False
    place: str | None = None
    save_seconds: float = 60.0
    sparse: str = "auto"
    teacher: Teacher | None = None
    trained: bool = False
    masks: Mapping[str, Tensor] | None = None
    begin: int = 0
    end: int | None = None
    watch: Watch | None = None

    @property
    def last_step(self) -> int:
        """The step with which the run ends, unless it ends before."""
        return self.pace.steps if self.end is None else self.end

    @property
    def timetable(self) -> Timetable:
        """When the masks change."""
        return Timetable(
            steps=self.pace.steps, every=self.pace.mask_every, ramp=self.ramp, rest=self.rest
        )

    @property
    def final_from(self) -> int:
        """The first step after which the density is final."""
        method = self.method
        if method is None or method.schedule(0.0, method.start, self.density) == self.density:
            return 1
        return self.timetable.ramp_end


@dataclass(frozen=True)
class Fitted:
    """A run that ended.

    Attributes:
        model: the last weights (their average, where one was asked for).
        score: on "val".
        reached: whether the target was reached; True where there is none.
        steps: how many were made.
        density: fraction of the prunable weights kept.
        history: one entry each `check_every` steps.
    """

    model: nn.Module
    score: float
    reached: bool
    steps: int
    density: float
    history: list[Step] = field(default_factory=list)
