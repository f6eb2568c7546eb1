"""A process that runs jobs for a race, one after another.

It never outlives the race: it ends when the race closes, or dies, in any way. Ctrl-C is for the
race, which then tells its workers to stop: each writes a checkpoint first.
"""

import os
import signal
import threading
import time
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

_TELL_EVERY = 0.2  # seconds between two words on where a job is


def serve(connection: Connection, packed: bytes, folder: Path, threads: int, share: float) -> None:
    """Answer each job with ("ended", its end) or ("raised", an error), until None comes.

    The first word is ("ready", "") or ("refused", why it cannot work).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_the_race, daemon=True).start()
    try:
        task = _unpacked(packed, threads)
    except Exception as error:
        connection.send(("refused", f"{type(error).__name__}: {error}"))
        return
    connection.send(("ready", ""))
    from tenth.errors import TenthError
    from tenth.train.race.jobs import perform

    while (job := connection.recv()) is not None:
        listener = _Listener(connection)
        place = folder / job.name
        try:
            ended = perform(job, task, place, share=share, on_step=listener)
        except TenthError as error:
            connection.send(("raised", error))
        except KeyboardInterrupt:
            return
        else:
            connection.send(("ended", ended))


def _unpacked(packed: bytes, threads: int) -> Any:
    import pickle

    import torch

    from tenth.train.race.engines import warmed

    torch.set_num_threads(threads)
    source, _ = pickle.loads(packed)
    return warmed(source)


class _Listener:
    """An `on_step` that tells the race where the job is, and stops it when the race says so."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told = 0.0

    def __call__(self, step: Any) -> None:
        now = time.monotonic()
        if now - self._told < _TELL_EVERY:
            return
        self._told = now
        if self._connection.poll():
            raise KeyboardInterrupt  # a word in the middle of a job is the word to stop
        self._connection.send(("step", step))


def _follow_the_race() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
