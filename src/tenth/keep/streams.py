"""Work on many threads whose results come in order, with little of it in memory at a time."""

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from tenth.errors import InputError, must

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class Step:
    """How far a long call has come: `done` of `total` bytes of what `doing` names."""

    doing: str
    done: int
    total: int


Progress = Callable[[Step], None]


def threads_of(wanted: int | None) -> int:
    """How many threads to work on; None: one a processor that this process may use.

    Raises:
        InputError: fewer than one.
    """
    if wanted is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4
    if wanted < 1:
        raise InputError(must("threads", "at least 1", wanted))
    return wanted


class Meter:
    """Counts bytes and tells `progress` of them."""

    def __init__(self, progress: Progress | None, doing: str, total: int) -> None:
        self._progress = progress
        self._doing = doing
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self.add(0)

    def add(self, size: int) -> None:
        """So many bytes more; from any thread."""
        with self._lock:
            self._done += size
            if self._progress is not None:
                self._progress(Step(self._doing, self._done, self._total))


class Workers:
    """Threads that work on items, two items a thread at a time.

    Leaving the context drops what has not begun, and waits for the rest.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="keep")

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def in_order(self, work: Callable[[In], Out], items: Iterable[In]) -> Iterator[Out]:
        """The results of `work`, in the order of `items`, which is read no further than need be."""
        waiting: deque[Future[Out]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(work, item))
                if len(waiting) >= 2 * self.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def beside(take: Callable[[memoryview], object], ahead: int = 2) -> Iterator[Callable]:
    """Give a function that hands bytes to `take` on a thread of its own, in order.

    At most `ahead` pieces wait. What `take` raises is raised here, at the latest on leaving.
    """
    waiting: queue.Queue[memoryview | None] = queue.Queue(ahead)
    failed: list[BaseException] = []

    def run() -> None:
        while (piece := waiting.get()) is not None:
            if not failed:
                try:
                    take(piece)
                except BaseException as error:
                    failed.append(error)

    def give(piece: memoryview) -> None:
        if failed:
            raise failed[0]
        waiting.put(piece)

    thread = threading.Thread(target=run, name="keep-beside", daemon=True)
    thread.start()
    try:
        yield give
    finally:
        waiting.put(None)
        with suppress(RuntimeError):
            thread.join()
    if failed:
        raise failed[0]
