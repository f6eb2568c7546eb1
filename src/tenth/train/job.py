"""One run as a route sees it, and the ways to go through it that need more than one stretch."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import nn

from tenth.fit import Fitted, Folder, OnStep, Plan, Step, fit
from tenth.receipt import Aim, Receipt, Stage
from tenth.receipt.place import Place
from tenth.task import Task


@dataclass
class Job:
    """A model to train in place, and how.

    Attributes:
        plan: the run as a whole; parts change what they must.
        stages: get what each part cost, also when it fails.
        folder: where the run is kept, if anywhere.
        planned: steps of all parts together, for `on_step`; 0: those of the plan.
        made: steps of the parts that ended.
        history: their entries, one after the other.
    """

    model: nn.Module
    task: Task
    plan: Plan
    stages: list[Stage]
    folder: Folder | None = None
    on_step: OnStep | None = None
    planned: int = 0
    made: int = 0
    history: list[Step] = field(default_factory=list)

    def part(self, name: str, plan: Plan) -> Fitted:
        """Train for one stretch, or read back how it ended; steps count on from the part before.

        With a folder each part is a run in a folder of its own: it can be stopped and taken up, and
        is not made twice. The parts go when the whole is written.

        Raises:
            As `fit`.
        """
        plan = dataclasses.replace(plan, name=f"{self.plan.name}: {name}")
        folder = self.folder.part(name) if self.folder is not None else None
        ending = folder.ending() if folder is not None else None
        if folder is not None and ending is not None:
            self.stages.extend(folder.result(self.model).stages)
            entries = [Step(**entry) for entry in ending.pop("history")]
            fitted = Fitted(self.model.eval(), history=entries, **ending)
        else:
            fitted = self._fit(plan, folder)
        shift = self.made - plan.begin
        self.history.extend(self._shifted(step, shift) for step in fitted.history)
        self.made += fitted.steps - plan.begin
        return dataclasses.replace(fitted, steps=self.made, history=self.history)

    def _fit(self, plan: Plan, folder: Folder | None) -> Fitted:
        stages: list[Stage] = []
        shift, tell = self.made - plan.begin, self.on_step
        told = None if tell is None else lambda step: tell(self._shifted(step, shift))
        try:
            fitted = fit(self.model, self.task, plan, stages=stages, folder=folder, on_step=told)
        finally:
            self.stages.extend(stages)
        if folder is not None:
            aim = Aim(self.task.name, metric="score", target=plan.pace.target)
            place = Place.find(plan.place)
            receipt = Receipt(title=plan.name, task=aim, place=place, stages=stages)
            ending = {
                **{key: getattr(fitted, key) for key in ("score", "reached", "steps", "density")},
                "history": [dataclasses.asdict(step) for step in fitted.history],
            }
            folder.finish(self.model, receipt, ending)
        return fitted

    def _shifted(self, step: Step, shift: int) -> Step:
        steps = self.planned or self.plan.pace.steps
        return dataclasses.replace(step, step=step.step + shift, steps=steps)


Way = Callable[[Job], Fitted]


def whole(job: Job) -> Fitted:
    """Train in one stretch.

    Raises:
        As `fit`.
    """
    return fit(
        job.model,
        job.task,
        job.plan,
        stages=job.stages,
        folder=job.folder,
        on_step=job.on_step,
    )
