"""Batches without end, epoch after epoch, from any point of a run."""

from collections.abc import Iterator
from typing import Any

from tenth.errors import TaskError
from tenth.fit.seeds import derive, reseed
from tenth.task import Task
from tenth.task.task import empty


class Feed:
    """Gives the batch of each step; an epoch is `task.batches(seed of the epoch)`.

    What a batch draws from the global generators depends on the seed and the step alone, so that
    `start_at` finds the place of an interrupted run: it makes the epoch anew and skips what was
    used.
    """

    def __init__(self, task: Task, seed: int) -> None:
        self._task = task
        self._seed = seed
        self._batches: Iterator[Any] | None = None
        self.epoch = 0
        self.epoch_start = 0  # steps made before the epoch began

    def start_at(self, *, epoch: int, epoch_start: int, step: int) -> None:
        """Go to where `step` steps were made.

        Cost: the batches of the epoch so far are made again.

        Raises:
            TaskError: the epoch is shorter than it was.
        """
        self.epoch, self.epoch_start = epoch, epoch_start
        self._open()
        for used in range(epoch_start + 1, step + 1):
            if self._pull(used) is None:
                raise TaskError(
                    f"task.batches gave fewer batches than when the run began: epoch {epoch} ended "
                    "early. It must give the same batches for the same seed."
                )

    def batch(self, step: int) -> Any:
        """The batch of a step, counted from 1.

        Raises:
            TaskError: an epoch is empty.
        """
        if self._batches is None:
            self._open()
        pulled = self._pull(step)
        if pulled is None:
            self.epoch, self.epoch_start = self.epoch + 1, step - 1
            self._open()
            pulled = self._pull(step)
        if pulled is None:
            raise empty()
        return pulled[0]

    def _open(self) -> None:
        number = derive(self._seed, "epoch", self.epoch)
        reseed(number)
        self._batches = self._task.epoch(number)

    def _pull(self, step: int) -> tuple[Any] | None:
        assert self._batches is not None
        reseed(derive(self._seed, "step", step))
        for batch in self._batches:
            return (batch,)
        return None
