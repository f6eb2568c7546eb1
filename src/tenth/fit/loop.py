"""The one loop that trains: every route and every shrinking goes through it.

    fitted = fit(model, task, plan, stages=receipt.stages, folder=folder, on_step=show)

One stopping rule for all: the run ends at `pace.steps`, or as soon as the score on "val" reaches
the target at the final density. The last weights are the result, never the best ones seen.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from tenth.errors import DivergedError, TargetError
from tenth.fit import ranks
from tenth.fit.folder import Folder
from tenth.fit.interrupts import held_interrupts
from tenth.fit.plan import Fitted, OnStep, Plan, Step
from tenth.fit.run import Run
from tenth.fit.seeds import borrowed_generators
from tenth.receipt import Meter, Stage
from tenth.task import Task, non_finite_weight


def fit(
    model: nn.Module,
    task: Task,
    plan: Plan,
    *,
    stages: list[Stage],
    folder: Folder | None = None,
    on_step: OnStep | None = None,
) -> Fitted:
    """Train `model` in place.

    With a folder, the state is saved now and then and on ctrl-C, and a state found there is taken
    up: the result is bit for bit that of a run without a stop.

    Args:
        stages: get what the run cost, also when it fails: one stage for each sitting.

    Raises:
        DivergedError: loss, score or weights are no longer finite numbers.
        NothingSavedError: no weight was removed, though that was the plan.
        TaskError: a part of the task fails.
        FormatError: the folder's checkpoint is damaged or of another run.
        OutputError: the folder cannot be written.
    """
    state = folder.begun() if folder is not None else None
    earlier = [Stage.from_json(form) for form in state["sittings"]] if state else []
    stages.extend(earlier)
    name = f"{plan.name} (sitting {len(earlier) + 1})" if earlier else plan.name
    with (
        borrowed_generators(),
        _of_all_processes(stages) as own,
        Meter(name, place=plan.place, into=own) as meter,
        held_interrupts() as interrupted,
    ):
        run = Run(model, task, plan, meter)
        if state:
            run.load_state_dict(state["run"])
        saver = _Saver(run, meter, folder, earlier)
        try:
            while not run.over:
                saver.after(run.advance(), on_step, interrupted)
            # until the result is written, which may fail, the run can be taken up at its end
            saver.save_once()
        finally:
            run.pay()
            meter.note("steps", run.step)
            meter.note("threads", torch.get_num_threads())
        return _ended(run)


@contextmanager
def _of_all_processes(stages: list[Stage]) -> Iterator[list[Stage]]:
    """Give a list for the stages of this process; they end as those of all of them in `stages`."""
    own: list[Stage] = []
    agreed = False
    try:
        yield own
        agreed = True
    except TargetError:  # all processes come to it by the same numbers
        agreed = True
        raise
    finally:
        stages.extend(ranks.stages_of_all(own) if agreed else own)


class _Saver:
    """Writes checkpoints between two steps, where the state is whole."""

    def __init__(self, run: Run, meter: Meter, folder: Folder | None, earlier: list[Stage]) -> None:
        self._run = run
        self._meter = meter
        self._folder = folder
        self._earlier = [stage.to_json() for stage in earlier]
        self._saved = time.monotonic()
        self._saved_step: int | None = None

    def after(self, step: Step, on_step: OnStep | None, interrupted: Callable[[], bool]) -> None:
        """Call the user's function, and save where that is due.

        Whatever the function raises, ctrl-C included, the run can go on.
        """

        def told() -> bool:
            if on_step is not None and ranks.first():
                on_step(step)
            if interrupted():
                raise KeyboardInterrupt
            waited = time.monotonic() - self._saved
            return ranks.first() and waited >= self._run.plan.save_seconds

        try:
            due = ranks.total(told)
        except BaseException:
            self.save()
            raise
        if due:
            self.save()

    def save_once(self) -> None:
        """Save, unless this very step was."""
        if self._saved_step != self._run.step:
            self.save()

    def save(self) -> None:
        if self._folder is None:
            return
        self._run.pay()
        (now,) = ranks.stages_of_all([self._meter.stage])
        sittings = [*self._earlier, now.to_json()]
        state: dict[str, Any] = {"run": self._run.state_dict(), "sittings": sittings}
        size_bytes = self._folder.save(state)
        if ranks.first():
            self._meter.add_bytes(size_bytes)
        self._saved, self._saved_step = time.monotonic(), self._run.step


def _ended(run: Run) -> Fitted:
    if run.average is not None:
        run.average.keep()
    weight = non_finite_weight(run.model)
    if weight is not None:
        raise DivergedError(f"Weight {weight!r} is no longer finite after {run.step} steps.")
    model = run.pruner.finish() if run.pruner is not None else run.model
    score = run.score
    assert score is not None  # a look is due at the last step
    reached = run.plan.pace.target is None or run.reached
    return Fitted(model.eval(), score, reached, run.step, run.density, run.history)
