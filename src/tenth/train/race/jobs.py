"""One job of a race: a run of one arm from one seed, tried again where it failed and may be.

A job is repeatable: the same job gives the same score on every engine. Its folder holds the state
of an unfinished run, so that a job that was stopped, even killed, goes on from its last checkpoint.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from tenth.errors import InputError, TargetError
from tenth.figures import Figure
from tenth.fit import OnStep, Settings
from tenth.receipt import Meter, Stage
from tenth.receipt.instruments.face import NOT_OURS_ALONE
from tenth.task import Task
from tenth.train.driver import run
from tenth.train.race.arms import Arm
from tenth.train.result import Result

# what a race may be decided by, and the figure of a receipt that it is
COSTS = {
    "seconds": "wall_seconds",
    "flops": "flops_useful",
    "executed": "flops_executed",
    "energy": "energy_joules",
    "price": "price_usd",
}
_KEPT = (*COSTS.values(), "cpu_seconds", "carbon_gco2e")
_NEXT_TRY = 10_000  # added to the seed of a try for that of the next


@dataclass(frozen=True)
class Job:
    """One arm from one seed.

    Attributes:
        stage: "measure", "tune" or "verdict".
        scale: the factor on the learning rate; `settings` holds it already.
        tries: a run that fails, or misses a target, is tried again from other seeds up to this.
    """

    arm: Arm
    stage: str
    seed: int
    scale: float
    settings: Settings
    tries: int = 1

    @property
    def name(self) -> str:
        """Unique in a race, and the name of its folder."""
        return f"{self.arm.slug}/{self.stage}-{self.settings.steps}x{self.scale:g}-{self.seed}"

    def form(self) -> dict[str, Any]:
        """All that decides what comes out, as JSON."""
        # neither the place nor the pace of checkpoints changes a result; threads are the engine's
        settings = replace(self.settings, place=None, save_seconds=60.0)
        settled = dataclasses.asdict(settings)
        del settled["threads"]
        if settings.target == math.inf:
            settled["target"] = "none"  # JSON has no infinity
        form = {"stage": self.stage, "seed": self.seed, "scale": self.scale, "tries": self.tries}
        return {"arm": self.arm.form(), **form, "settings": settled}


@dataclass(frozen=True)
class Try:
    """One run of a job and what it cost; `failure` says why it gave no net, if it did not.

    `made` is what making a teacher or a parent took, which many runs share; it is not in `cost`.
    """

    seed: int
    cost: Stage
    failure: str = ""
    score: float | None = None
    reached: bool = False
    steps: int = 0
    weights: int = 0
    test: float | None = None
    made: Stage | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        made = self.made.to_json() if self.made else None
        return {**vars(self), "cost": self.cost.to_json(), "made": made}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        made = Stage.from_json(form["made"]) if form["made"] else None
        return cls(**{**form, "cost": Stage.from_json(form["cost"]), "made": made})


@dataclass(frozen=True)
class Ended:
    """A job that ended, with every try, failed ones included."""

    arm: str
    stage: str
    seed: int
    scale: float
    steps: int
    tries: list[Try]

    @classmethod
    def of(cls, job: Job, tries: list[Try]) -> Self:
        """The end of `job`."""
        steps = job.settings.steps
        assert steps is not None  # the race has set it
        return cls(job.arm.name, job.stage, job.seed, job.scale, steps, tries)

    @property
    def best(self) -> Try | None:
        """The net it gave: the one that reached the target, else the best on "val"."""
        nets = [one for one in self.tries if not one.failure]
        return max(nets, key=lambda one: (one.reached, one.score), default=None)

    @property
    def cost(self) -> Stage:
        """What all tries cost."""
        return Stage.of_parts(f"seed {self.seed}", [one.cost for one in self.tries])

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {**vars(self), "tries": [one.to_json() for one in self.tries]}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**{**form, "tries": [Try.from_json(one) for one in form["tries"]]})


def perform(
    job: Job, task: Task, folder: Path, *, share: float = 1.0, on_step: OnStep | None = None
) -> Ended:
    """Run a job to its end; what was finished of it in `folder` before is read back.

    "test" is read for a verdict only, and only for the net that the job gives.

    Args:
        share: part of the machine that the job may use; it is billed for that part.

    Raises:
        InputError: the task or the call is wrong, or `folder` cannot be written. Whatever else goes
            wrong is a failed try.
    """
    tries: list[Try] = []
    results: list[Result | None] = []
    for number in range(job.tries):
        one, result = _try(job, task, folder / f"try-{number}", number, on_step)
        tries.append(one)
        results.append(result)
        if one.reached:
            break
    ended = Ended.of(job, tries)
    if job.stage == "verdict" and ended.best is not None:
        place = tries.index(ended.best)
        result = results[place]
        assert result is not None
        tries[place] = _tested(tries[place], result)
    return replace(ended, tries=[_billed(one, share) for one in tries])


def _try(
    job: Job, task: Task, folder: Path, number: int, on_step: OnStep | None
) -> tuple[Try, Result | None]:
    seed = job.seed + number * _NEXT_TRY
    name = f"seed {seed}"
    sitting: list[Stage] = []
    try:
        with Meter(name, place=job.settings.place, into=sitting):
            result = run(
                task,
                job.arm.route,
                seed=seed,
                out=folder,
                settings=job.settings,
                on_step=on_step,
                **job.arm.options(),
            )
    except TargetError as error:
        # the receipt knows the sittings before this one as well
        spent = error.receipt.stages if error.receipt is not None else sitting
        return Try(seed, _own_cost(name, spent), str(error), made=_made(spent)), None
    except InputError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return Try(seed, sitting[0], said), None
    ended = Try(
        seed,
        _own_cost(name, result.receipt.stages),
        score=result.score,
        reached=result.reached,
        steps=result.steps,
        weights=result.weights,
        made=_made(result.receipt.stages),
    )
    return ended, result


def _of_earlier(stage: Stage) -> bool:
    return stage.name.startswith("made earlier")  # as `fit.origin.stage_of` names it


def _own_cost(name: str, stages: Sequence[Stage]) -> Stage:
    return Stage.of_parts(name, [stage for stage in stages if not _of_earlier(stage)])


def _made(stages: Sequence[Stage]) -> Stage | None:
    made = [stage for stage in stages if _of_earlier(stage)]
    return Stage.of_parts("made earlier", made) if made else None


def _tested(one: Try, result: Result) -> Try:
    try:
        test = result.read_test()
    except TargetError as error:
        return replace(one, failure=str(error))
    return replace(one, test=test, cost=_own_cost(one.cost.name, result.receipt.stages))


def _billed(one: Try, share: float) -> Try:
    """The try with the figures that a race keeps, billed for its share of the machine."""
    made = Stage(one.made.name, _kept(one.made, 1.0)) if one.made else None
    return replace(one, cost=Stage(one.cost.name, _kept(one.cost, share)), made=made)


def _kept(stage: Stage, share: float) -> dict[str, Figure]:
    figures = stage.figures.items()
    return {key: _shared(key, figure, share) for key, figure in figures if key in _KEPT}


def _shared(key: str, figure: Figure, share: float) -> Figure:
    # an hour buys the whole machine, and some counters see all that runs on it
    whole = key == "price_usd" or (key == "energy_joules" and NOT_OURS_ALONE in figure.source)
    if share == 1 or not figure.known or not whole:
        return figure
    value, low, high = (share * bound for bound in figure.bounds())
    source = f"{share:g} of the machine; {figure.source}"
    return replace(figure, value=value, low=low, high=high, source=source)
