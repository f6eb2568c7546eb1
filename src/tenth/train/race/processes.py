"""Jobs on this machine: one process for each share of its processors, none of them shared."""

import os
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, cast

from tenth.catalogue import machine
from tenth.errors import InputError, must
from tenth.train.race.engines import Alone, Run, Site
from tenth.train.race.jobs import Ended, Job
from tenth.train.race.lost import lost
from tenth.train.race.worker import serve

_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_TO_SAVE = 30.0  # seconds that a worker has for its checkpoint when the race is stopped


class Processes:
    """Local processes, each with its own threads.

    A worker that dies is replaced, and its job, taken up at its last checkpoint, gets a second
    chance; then it counts as failed. A task that no other process can load runs inside this one,
    and a note says so.

    Args:
        workers: how many; None: as many as have `threads` threads of the machine each.
        threads: of each; None: an even share of the machine's, so one where `workers` is None too.

    More workers and threads than the machine has take turns, and a note says so.

    Raises:
        InputError: `workers` or `threads` is below 1.
    """

    def __init__(self, workers: int | None = None, threads: int | None = None) -> None:
        for name, given in (("workers", workers), ("threads", threads)):
            if given is not None and given < 1:
                raise InputError(must(name, "at least 1", given))
        here = machine.threads()
        self.workers = max(1, here // (threads or 1)) if workers is None else workers
        self.threads = max(1, here // self.workers) if threads is None else threads

    @contextmanager
    def open(self, site: Site) -> Iterator[Run]:
        """Make ready to run jobs of this site; workers start when there is work for them."""
        asked, here = self.workers * self.threads, machine.threads()
        if asked > here:
            site.notes.append(
                f"{self.workers} processes of {self.threads} threads took turns on the {here} "
                "threads of this machine: seconds are longer than they need be."
            )
        first = _first(site, self.threads)
        if first is None:
            with Alone(self.threads).open(site) as run:
                yield run
            return
        crew = _Crew(site, first, self.workers, self.threads)
        try:
            yield crew.run
        finally:
            crew.close()


class _Worker:
    """One process and what it does."""

    def __init__(self, site: Site, packed: bytes, threads: int) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        self.connection: Connection = cast(Connection, ours)
        share = threads / max(threads, machine.threads())
        arguments = (theirs, packed, site.folder, threads, share)
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        with _threads_of_pools(threads):
            self.process.start()
        theirs.close()
        self.job: Job | None = None
        self.began = 0.0

    def refused(self) -> str:
        """Why it cannot work; empty if it can."""
        try:
            word, said = self.connection.recv()
        except EOFError:
            return "a worker ended as it started; is the call under `if __name__ == '__main__':`?"
        return said if word == "refused" else ""

    def begin(self, job: Job) -> None:
        self.connection.send(job)
        self.job, self.began = job, time.monotonic()

    def dismiss(self) -> None:
        """Tell it to stop: now if it is idle, else between two steps, after a checkpoint."""
        with suppress(OSError):  # it may be dead already
            self.connection.send(None)

    def end(self) -> None:
        """Wait until a job is saved; what does not stop in time is killed, as is who has no job.

        An idle worker has nothing to save, and to take down its modules would take it a while.
        """
        self.process.join(_TO_SAVE if self.job is not None else 0.0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()


def _first(site: Site, threads: int) -> _Worker | None:
    """The first worker; None, with a note, where no other process can load the task."""
    try:
        worker = _Worker(site, site.packed(), threads)
        refused = worker.refused()
    except Exception as error:  # whatever pickle makes of the user's classes
        worker, refused = None, f"{type(error).__name__}: {error}"
    if not refused:
        return worker
    if worker is not None:
        worker.end()
    note = (
        "Runs went one after another inside one process, since no other process can load the task "
        f"({refused.splitlines()[0]}). Give the race the file of the task."
    )
    site.notes.append(note)
    print(f"tenth: {note}", file=sys.stderr)
    return None


class _Crew:
    """All workers of a race."""

    def __init__(self, site: Site, first: _Worker, most: int, threads: int) -> None:
        self._site, self._most, self._threads = site, most, threads
        self._packed = site.packed()
        self._workers = [first]
        self._deaths: dict[str, list[Ended]] = {}

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Ended]]:
        """Yield each job with its end as they end."""
        waiting = deque(jobs)
        while waiting or any(worker.job for worker in self._workers):
            self._share_out(waiting)
            busy = {worker.connection: worker for worker in self._workers if worker.job}
            for connection in wait(list(busy)):
                worker = busy[cast(Connection, connection)]
                yield from self._heard(worker, waiting)

    def close(self) -> None:
        """End every worker, those in the middle of a job after a checkpoint."""
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _share_out(self, waiting: deque[Job]) -> None:
        idle = [worker for worker in self._workers if worker.job is None]
        missing = min(len(waiting) - len(idle), self._most - len(self._workers))
        fresh = [_Worker(self._site, self._packed, self._threads) for _ in range(missing)]
        for worker in fresh:
            refused = worker.refused()
            if refused:  # though the first one could load the task
                raise InputError(f"A worker of the race did not start: {refused}")
        self._workers += fresh
        for worker in [*idle, *fresh]:
            if waiting:
                worker.begin(waiting.popleft())

    def _heard(self, worker: _Worker, waiting: deque[Job]) -> Iterator[tuple[Job, Ended]]:
        job = worker.job
        assert job is not None
        try:
            word, said = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._buried(worker, job, waiting)
            return
        if word == "raised":
            worker.job = None
            raise said
        if word == "step":
            if self._site.on_step is not None:
                self._site.on_step(job, said)
            return
        worker.job = None
        yield job, self._with_deaths(job, said)

    def _buried(
        self, worker: _Worker, job: Job, waiting: deque[Job]
    ) -> Iterator[tuple[Job, Ended]]:
        """Its job once more, or its end if that was the second chance."""
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
        code = worker.process.exitcode
        reason = f"its process died (exit code {code})"
        seconds = time.monotonic() - worker.began
        deaths = self._deaths.setdefault(job.name, [])
        deaths.append(lost(job, seconds, self._threads, reason))
        print(f"tenth: {job.name}: {reason}", file=sys.stderr)
        if len(deaths) == 1:
            waiting.appendleft(job)
        else:
            yield job, self._with_deaths(job, None)

    def _with_deaths(self, job: Job, ended: Ended | None) -> Ended:
        """The end of a job with what its dead workers cost."""
        tries: list[Any] = [one for death in self._deaths.get(job.name, []) for one in death.tries]
        return Ended.of(job, [*tries, *(ended.tries if ended else [])])


@contextmanager
def _threads_of_pools(count: int) -> Iterator[None]:
    """A process that starts in the block has pools of so many threads."""
    before = {name: os.environ.get(name) for name in _POOLS}
    os.environ.update(dict.fromkeys(_POOLS, str(count)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
