"""One attempt to take a model to a density, and the search for the smallest density that holds.

An attempt removes the weights that the loss would miss least, and lets some return, while it
fine-tunes at the task's own learning rate; for the last third of its steps the masks rest.
What fails gets one longer try.

Magnitude, the usual score, keeps dead ends: weights into a unit that nothing reads stay large. On
Life at a tenth it failed from each of six trained nets, where this score held all six.

Source: gradual pruning, Zhu & Gupta 2017, arXiv:1710.01878; the score, Molchanov et al. 2019,
arXiv:1906.10771; learning-rate rewinding, Renda et al. 2020, arXiv:2003.02389.
"""

import copy
import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from tenth.errors import DivergedError
from tenth.fit import Folder, OnStep, Pace, Plan, fit
from tenth.fit.checkpoint import digest
from tenth.layouts import kept_count
from tenth.receipt import Aim, Receipt, Stage
from tenth.sparsity import TAYLOR, Method, prunable
from tenth.task import Task

METHOD: Method = TAYLOR
RAMP = 0.5  # share of an attempt's steps after which its density is reached
REST = 2 / 3  # and after which the masks rest
LONGER = 2.0  # an attempt that fails is made once more, so many times as long
HALVINGS = 10  # a search goes no lower than 2**-10
BISECTIONS = 2

_ROUNDING = 1e-9  # a score is a mean of floats


@dataclass(frozen=True)
class Tried:
    """An attempt that ended, well or not."""

    density: float
    model: nn.Module
    score: float
    holds: bool


@dataclass
class Attempts:
    """Makes attempts, one after the other, and remembers them.

    Attributes:
        model: what every attempt starts from, unless it is told otherwise.
        before: its score on "val".
        max_drop: how much of it may be lost.
        plan: of an attempt of ordinary length; name, density and target are filled in here.
        stages: get what each attempt cost.
        out: where each attempt has its folder.
    """

    model: nn.Module
    task: Task
    before: float
    max_drop: float
    plan: Plan
    stages: list[Stage]
    out: Path | None = None
    on_step: OnStep | None = None
    tried: list[Tried] = field(default_factory=list)

    def at(self, density: float, *, start: Tried | None = None, again: bool = True) -> Tried:
        """Try a density, from the model or from an earlier attempt; a failure is tried longer."""
        tried = self._once(density, self.plan.pace, start)
        if not tried.holds and again:
            tried = self._once(density, self.plan.pace.longer(LONGER), start)
        return tried

    def smallest(self) -> Tried | None:
        """Halve the density until it fails, each time from the last that held; then bisect.

        Cost: an attempt for each halving, one of double length where it fails, two bisections.
        """
        held: Tried | None = None
        failed = 1.0
        for halvings in range(1, HALVINGS + 1):
            if held is not None and not self._can_be(2.0**-halvings):
                return held
            tried = self.at(2.0**-halvings, start=held)
            if not tried.holds:
                failed = tried.density
                break
            held = tried
        else:
            return held
        for _ in range(BISECTIONS):
            above = held.density if held is not None else 1.0
            middle = round(math.sqrt(above * failed), 4)
            tried = self.at(middle, start=held, again=False)
            if tried.holds:
                held = tried
            else:
                failed = middle
        return held

    @property
    def best(self) -> Tried | None:
        """Of the attempts, the one that lost least."""
        return max(self.tried, key=lambda tried: tried.score, default=None)

    def _can_be(self, density: float) -> bool:
        """Whether a weight is left for each layer."""
        sizes = [weight.numel() for weight in prunable(self.model).values()]
        return kept_count(sum(sizes), density) >= len(sizes)

    def _once(self, density: float, pace: Pace, start: Tried | None) -> Tried:
        number = len(self.tried) + 1
        model = copy.deepcopy(self.model if start is None else start.model)
        plan = dataclasses.replace(
            self.plan,
            name=f"attempt {number}: density {density:g}, {pace.steps} steps",
            pace=dataclasses.replace(pace, target=self._target(pace)),
            density=density,
            method=METHOD,
            ramp=RAMP,
            rest=REST,
            keep_zeros=start is not None,
        )
        try:
            score = self._fit(model, plan, number)
        except DivergedError:
            score = -math.inf
        holds = self.before - score <= self.max_drop + _ROUNDING
        tried = Tried(density, model.eval(), score, holds)
        self.tried.append(tried)
        return tried

    def _target(self, pace: Pace) -> float | None:
        """An attempt may stop early only where the task names a score that is enough."""
        return None if pace.target is None else max(pace.target, self.before - self.max_drop)

    def _fit(self, model: nn.Module, plan: Plan, number: int) -> float:
        folder = self._folder(model, plan, number)
        ending = folder.ending() if folder is not None else None
        if folder is not None and ending is not None:
            self.stages.extend(folder.result(model).stages)
            return ending["score"]
        own: list[Stage] = []
        try:
            fitted = fit(model, self.task, plan, stages=own, folder=folder, on_step=self.on_step)
        finally:
            self.stages.extend(own)
        if folder is not None:
            receipt = Receipt(plan.name, Aim(self.task.name), stages=own)
            folder.finish(fitted.model, receipt, {"score": fitted.score})
        return fitted.score

    def _folder(self, model: nn.Module, plan: Plan, number: int) -> Folder | None:
        if self.out is None:
            return None
        identity = {
            "verb": "shrink, one attempt",
            "task": self.task.name,
            "seed": plan.seed,
            "density": plan.density,
            "method": METHOD.describe(),
            "ramp": plan.ramp,
            "rest": plan.rest,
            "keep_zeros": plan.keep_zeros,
            **dataclasses.asdict(plan.pace),
            "model": digest(model),
        }
        return Folder(self.out / f"attempt-{number}", identity)
