"""Receipts that are readable while the work still runs, and after it was killed.

    with kept(receipt, "out/receipt.json"):
        with Meter("train", into=receipt.stages):
            ...

The file is written when a meter opens, 1, 3, 7 and 15 seconds later, then every quarter of a
minute, and when it closes. A stage that had not ended is marked as interrupted. Without a word in
the program, the variable TENTH_RECEIPTS names a folder in which each outermost meter leaves such a
file; `tenth receipt add FOLDER` adds them up. A meter counts the processor time of children that
have ended: children that it is around should not have the variable, or they count twice.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tenth import files
from tenth.errors import OutputError
from tenth.receipt.sizes import Aim
from tenth.receipt.ticker import Ticker

if TYPE_CHECKING:
    from tenth.receipt.place import Place
    from tenth.receipt.record import Receipt
    from tenth.receipt.stage import Stage

VARIABLE = "TENTH_RECEIPTS"
SECONDS, FIRST = 15.0, 1.0
RUNNING = "had not ended when this was written"
_numbers = count()


class Running(Protocol):
    """A meter that can be read while it runs."""

    @property
    def stage(self) -> Stage:
        """What it found so far."""
        ...


class Keeper:
    """Writes a receipt to a file as its stages come to be.

    Args:
        receipt: what is known beside the stages; those it holds already are written too.
        path: the file.
        seconds: between two writes while a meter runs, save soon after it has opened.
    """

    def __init__(self, receipt: Receipt, path: Path, seconds: float = SECONDS) -> None:
        self.pid = os.getpid()
        self._receipt, self._path, self._seconds = receipt, path, seconds
        self._lock = threading.Lock()
        self._running: list[Running] = []
        self._ended: list[Stage] = []
        self._ticker: Ticker | None = None

    def begin(self, meter: Running) -> None:
        """A meter has opened.

        Raises:
            OutputError: the file cannot be written: better said before the work than after it.
        """
        self._running.append(meter)
        self.write()
        if self._ticker is None:
            self._ticker = Ticker(self._seconds, self._try, "tenth receipt", FIRST)
        else:
            self._ticker.again()

    def end(self, meter: Running) -> None:
        """It has closed; its stage stays in the file."""
        with self._lock:
            self._running.remove(meter)
            self._ended.append(meter.stage)
        if not self._running and self._ticker is not None:
            self._ticker.stop()
            self._ticker = None
        self._try()

    def write(self) -> None:
        """Write the receipt as it stands; a process that was forked leaves the file alone.

        Raises:
            OutputError: it cannot be written.
        """
        if os.getpid() != self.pid:
            return
        with self._lock:
            replace(self._receipt, stages=self._stages()).save(self._path)

    def _try(self) -> None:
        # a disk that is full for a while must not end the work; the next write may do
        with suppress(OutputError):
            self.write()

    def _stages(self) -> list[Stage]:
        stages = list(self._receipt.stages)
        known = {_key(stage) for stage in stages}
        stages += [stage for stage in self._ended if _key(stage) not in known]
        for meter in self._running:
            stage = meter.stage
            stages.append(replace(stage, notes={**stage.notes, "interrupted": RUNNING}))
        return stages


@contextmanager
def kept(receipt: Receipt, path: str | Path, seconds: float = SECONDS) -> Iterator[None]:
    """Keep `receipt` in a file while its stages are metered inside; whole when the block ends.

    Raises:
        OutputError: the file cannot be written.
    """
    keeper = Keeper(receipt, Path(path), seconds)
    token = _KEEPER.set(keeper)
    try:
        yield
    finally:
        _KEEPER.reset(token)
        if os.getpid() == keeper.pid:
            receipt.save(path)


def keeper(name: str, place: Place) -> Keeper | None:
    """Who keeps the receipt of a meter that opens here; None where nobody asked for that.

    Raises:
        OutputError: the folder that TENTH_RECEIPTS names cannot be used.
    """
    found = _KEEPER.get()
    if found is not None and found.pid == os.getpid():
        return found
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    from tenth.receipt.record import Receipt

    # a meter knows no task; named after the stage, unlike work is still not taken for like
    receipt = Receipt(name, Aim(f"task not said, metered as {name!r}"), place=place)
    file = f"{receipt.run.node}-{receipt.run.process}-{next(_numbers)}.json"
    return Keeper(receipt, files.output_folder(folder) / file)


def _key(stage: Stage) -> tuple[str, object]:
    return stage.name, stage.notes.get("started")


_KEEPER: ContextVar[Keeper | None] = ContextVar("tenth_keeper", default=None)
