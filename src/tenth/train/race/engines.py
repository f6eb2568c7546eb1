"""Where the jobs of a race run: what every engine offers, and the one inside this process."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tenth.errors import TenthError
from tenth.fit import Settings, Step
from tenth.fit.threads import threads_of_torch
from tenth.task import Task, load
from tenth.train.driver import run
from tenth.train.race.arms import Arm
from tenth.train.race.jobs import Ended, Job, perform

Run = Callable[[Iterable[Job]], Iterator[tuple[Job, Ended]]]
OnJob = Callable[[Job, Step | None], Any]  # None: the job ended


@dataclass(frozen=True)
class Site:
    """What the jobs of one race share.

    Attributes:
        source: the task, or the file that defines it: a worker loads that itself.
        arms: all that run.
        folder: each job has its own in it.
        on_step: told where a job is, now and then.
        notes: an engine adds what a reader of the results should know.
    """

    source: Task | Path
    arms: list[Arm]
    folder: Path
    on_step: OnJob | None = None
    notes: list[str] = field(default_factory=list)

    def packed(self) -> bytes:
        """Source and arms for another process.

        Raises:
            Exception: they cannot be pickled; of any kind, since it comes from the user's classes.
        """
        return pickle.dumps((self.source, self.arms))


class Engine(Protocol):
    """Something that runs jobs.

    `open` gives a function for as long as its `with` block: it takes jobs and yields each with its
    end, in the order in which they end. Errors of the user's own making are raised there. The same
    job must give the same score on every engine.
    """

    def open(self, site: Site) -> AbstractContextManager[Run]:
        """Make ready to run jobs of this site."""
        ...


class Alone:
    """Jobs one after another, inside this process, each on so many threads of torch."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    @contextmanager
    def open(self, site: Site) -> Iterator[Run]:
        """Make ready to run jobs of this site."""
        task = warmed(site.source)

        def run_all(jobs: Iterable[Job]) -> Iterator[tuple[Job, Ended]]:
            for job in jobs:
                with threads_of_torch(self.threads):
                    folder = site.folder / job.name
                    ended = perform(job, task, folder, on_step=_telling(site, job))
                yield job, ended

        yield run_all


def loaded(source: Task | Path) -> Task:
    """The task itself.

    Raises:
        TaskError: the file defines none.
    """
    return source if isinstance(source, Task) else load(source)


def warmed(source: Task | Path) -> Task:
    """The task itself, after a few steps that no arm pays for: torch loads parts at the first one.

    Raises:
        TaskError: the file defines no task.
    """
    task = loaded(source)
    with suppress(TenthError):  # the job that meets it will say it
        run(task, settings=Settings(steps=2))
    return task


def _telling(site: Site, job: Job) -> Callable[[Step], Any] | None:
    on_step = site.on_step
    return None if on_step is None else lambda step: on_step(job, step)
