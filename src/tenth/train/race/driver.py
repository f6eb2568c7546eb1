"""A race of routes: which of them does what a tuned dense net does, and at what cost."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import distributed

from tenth import files
from tenth.errors import FormatError, InputError, must
from tenth.fit import Settings
from tenth.fit.checkpoint import digest
from tenth.fit.seeds import borrowed_generators, derive, reseed
from tenth.receipt.place import Place
from tenth.task import Task
from tenth.train.race.arms import Arm, default_arms, line_up
from tenth.train.race.contest import contest
from tenth.train.race.engines import Engine, OnJob, Site, loaded
from tenth.train.race.forecast import Forecast, forecast
from tenth.train.race.lengths import lengths
from tenth.train.race.processes import Processes
from tenth.train.race.results import Book
from tenth.train.race.terms import Budget, Terms
from tenth.train.race.tuning import tune
from tenth.train.race.verdict import Verdict


def race(  # noqa: PLR0913  what a race is, by keyword
    task: Task | str | Path,
    arms: Sequence[Arm] | None = None,
    *,
    margin: float = 0.01,
    seeds: int = 14,
    trials: int = 4,
    tuning_seeds: int = 2,
    restarts: int | None = None,
    by: str = "seconds",
    budget: Budget | None = None,
    seed: int = 0,
    settings: Settings | None = None,
    out: str | Path | None = None,
    engine: Engine | None = None,
    on_job: OnJob | None = None,
    on_plan: Callable[[Forecast], Any] | None = None,
) -> Verdict:
    """Race routes for a task, all under one stopping rule, and pay for everything that is run.

    Each arm's learning rate is tuned by equal trials on seeds of their own, dense too. Then all run
    the same seeds: from one seed every arm sees the same data, and nets of one shape start from the
    same weights. An arm that is surely worse on "val" is dropped early. At the end the arms are
    compared with dense on "test": non-inferior means that the lower 95 % bound of the paired
    differences lies above -margin. Of those, the one whose runs cost least in all wins.

    With `out`, a race that was stopped, even killed, goes on when the same call is made again, and
    loses at most what its workers did since their last checkpoints. More seeds or arms may then be
    asked for: what was run already is not run again.

    Args:
        task: a task, or the file that defines one: other processes can then load it too.
        arms: routes; a dense arm is added where there is none. None: `default_arms(task)`.
        margin: how much of the score may be lost, in its own unit; settled beforehand.
        seeds: runs of each arm in the verdict.
        trials: learning rates that each arm tries, by successive halving.
        tuning_seeds: runs of each trial.
        restarts: how often a run that diverged, or missed the target, is tried again at its own
            expense; None: 4 where there is a target, for success can then be checked, else 0.
        by: the cost that decides: "seconds", "flops" (each step at its own density), "executed"
            (FLOPs), "energy" or "price".
        budget: what one run may cost, in place of a number of steps.
        seed: where the seeds start.
        settings: of every run; how many threads it has is the engine's choice.
        out: folder for the results.
        engine: where runs go; None: `Processes()`, one process for each processor.
        on_job: told where each job is, for progress bars.
        on_plan: told, before the first job, how many there will be and how long that may take.

    Raises:
        InputError: terms or arms that cannot be.
        TaskError: a part of the task is missing or wrong.
        FormatError: `out` holds another race, a single run, or a damaged file.
        OutputError: `out` cannot be written.
    Cost: about arms × (seeds + 2 × tuning seeds) whole runs for 4 trials.
    Source: the verdict, ICH E9 (1998), 3.3.2; halving, arXiv:1603.06560.
    """
    if distributed.is_available() and distributed.is_torchelastic_launched():
        raise InputError("A race must be started without torchrun: it has workers of its own.")
    source = Path(task) if isinstance(task, str | Path) else task
    known = loaded(source)
    settings = settings or Settings()
    target = settings.for_task(known).target
    if restarts is None:
        restarts = 0 if target is None else 4
    if isinstance(settings.threads, int):
        remedy = "Give them to the engine, as in Processes(threads=2)."
        raise InputError(must("threads of the settings", "left out", settings.threads, remedy))
    terms = Terms(margin, seeds, trials, tuning_seeds, restarts, by, budget, seed, target)
    lined = line_up(default_arms(known) if arms is None else arms, trials)
    with borrowed_generators():
        known.check()
    with _folder(out) as folder:
        _refuse_a_run(folder)
        site = Site(source, lined, files.output_folder(folder / "runs"), on_job)
        engine = engine or Processes()
        if on_plan is not None:
            made = len(list(site.folder.glob("*/*.json")))
            on_plan(forecast(lined, terms, settings, known, engine=engine, made=made))
        with engine.open(site) as run:
            book = Book(site, run, mark_of(known))
            whole = lengths(lined, terms, settings, known, book.do)
            scales = tune(lined, whole, terms, known, book.do)
            contest(lined, whole, scales, terms, book.do)
        place = Place.find(settings.place)
        forms = [arm.form() for arm in lined]
        verdict = Verdict(known.name, terms, forms, book.ended, site.notes, place)
        if out is not None:
            verdict.save(folder)
    return verdict


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory(prefix="tenth-race-") as name:
        yield Path(name)


def mark_of(task: Task) -> str:
    """What tells a task from others of its name: its fresh model."""
    with borrowed_generators():
        reseed(derive(0, "init"))
        return f"{task.name} {digest(task.call('model'))}"


def _refuse_a_run(folder: Path) -> None:
    """A race in the folder of a single run would put its receipt in place of that run's."""
    if any((folder / name).exists() for name in ("run.json", "run.pt")):
        rule, got = "of a race or new", "that of a single run"
        raise FormatError(must(f"folder {folder}", rule, got, "Name another one with --out."))
