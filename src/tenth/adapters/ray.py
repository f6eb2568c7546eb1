"""The jobs of a race on a Ray cluster.

    tenth.train.race("task.py", engine=tenth.adapters.ray.Ray())

Each job is one Ray task on so many processors, and gives the same score as a local process. tenth
and the task's file must be on every node. Where nodes share the race's folder, a job that lost its
worker goes on from its last checkpoint; elsewhere it begins again.
"""

import os
import pickle
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from tenth.catalogue import machine
from tenth.errors import InputError, TenthError, must
from tenth.fit.threads import threads_of_torch
from tenth.task import Task
from tenth.train.race import Run, Site
from tenth.train.race.engines import warmed
from tenth.train.race.jobs import Ended, Job, perform
from tenth.train.race.lost import lost

_TO_SAVE = 30.0  # seconds that tasks have for their checkpoints when the race is stopped


class Ray:
    """An engine of `train.race`.

    It joins the cluster that this process is connected to, else the one of `address` or of the
    variable RAY_ADDRESS, else one that runs on this machine; where there is none it starts one
    here, without dashboard and usage statistics, and stops it at the end.

    Args:
        address: of a cluster, as `ray.init` takes it.
        threads: processors of each job.

    Raises:
        InputError: Ray is not installed, the cluster cannot be reached, or `threads` is below 1.
    """

    def __init__(self, address: str | None = None, threads: int = 1) -> None:
        if threads < 1:
            raise InputError(must("threads", "at least 1", threads))
        self.address = address
        self.threads = threads

    @contextmanager
    def open(self, site: Site) -> Iterator[Run]:
        """Make ready to run jobs of this site."""
        ray = _imported()
        joined = ray.is_initialized()
        if not joined:
            _join(ray, self.address)
        try:
            yield _Tasks(ray, site, self.threads).run
        finally:
            if not joined:
                ray.shutdown()


class _Tasks:
    """Jobs under way on a cluster: never more than run at once, so that their clocks are right."""

    def __init__(self, ray: Any, site: Site, threads: int) -> None:
        self._ray, self._site, self._threads = ray, site, threads
        # Ray's pickle also takes functions that only this process knows
        self._source = ray.put(ray.cloudpickle.dumps(site.source))
        self._call = ray.remote(num_cpus=threads, max_retries=0)(serve)
        self._most = max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
        self._deaths: dict[str, list[Ended]] = {}

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Ended]]:
        """Yield each job with its end as they end."""
        waiting, running = deque(jobs), {}
        try:
            while waiting or running:
                while waiting and len(running) < self._most:
                    job = waiting.popleft()
                    running[self._begin(job)] = (job, time.monotonic())
                (reference, *_), _ = self._ray.wait(list(running))
                job, began = running.pop(reference)
                ended = self._end(job, reference, time.monotonic() - began)
                if ended is None:
                    waiting.appendleft(job)
                else:
                    yield job, ended
        finally:
            self._stop(list(running))

    def _begin(self, job: Job) -> Any:
        folder = str((self._site.folder / job.name).resolve())
        return self._call.remote(job, self._source, folder, self._threads)

    def _end(self, job: Job, reference: Any, seconds: float) -> Ended | None:
        """The end of a job; None if its worker died for the first time."""
        deaths = self._deaths.setdefault(job.name, [])
        try:
            answer = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            # a run that fails says so in its end: this one could not be begun
            rule, got = "one that the cluster's workers can load", str(error.cause)
            remedy = "Give the race the file of the task."
            raise InputError(must("task", rule, got, remedy)) from error
        except self._ray.exceptions.RayError as error:
            reason = f"its worker died ({str(error).splitlines()[0]})"
            deaths.append(lost(job, seconds, self._threads, reason))
            answer = None
        if isinstance(answer, TenthError):
            raise answer
        if answer is None and len(deaths) == 1:
            return None
        tries = [one for death in deaths for one in death.tries]
        return Ended.of(job, [*tries, *(answer.tries if answer else [])])

    def _stop(self, running: list[Any]) -> None:
        for reference in running:
            self._ray.cancel(reference)  # an interrupt: the run writes its checkpoint
        if running:
            self._ray.wait(running, num_returns=len(running), timeout=_TO_SAVE)


def serve(job: Job, source: bytes, folder: str, threads: int) -> Ended | TenthError:
    """What a worker of the cluster does: the end of a job, or the error that the user must see."""
    share = threads / max(threads, machine.threads())
    with threads_of_torch(threads):
        try:
            return perform(job, _task(source), Path(folder), share=share)
        except TenthError as error:
            return error


@lru_cache(maxsize=1)
def _task(source: bytes) -> Task:
    """Loaded and warmed up once in each worker."""
    return warmed(pickle.loads(source))


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "Ray must be installed. Got none. Run: pip install 'tenth[ray]'"
        ) from error
    return ray


def _join(ray: Any, address: str | None) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        ray.init(address=address or os.environ.get("RAY_ADDRESS") or "auto", **quiet)
    except (ConnectionError, ValueError) as error:
        if address is not None:
            rule = "the address of a Ray cluster that runs"
            raise InputError(must("address", rule, repr(address), str(error))) from error
        ray.init(address="local", include_dashboard=False, **quiet)
