"""Engines that take turns: one round of one, one round of the next, the others idle."""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tenth.errors import InputError, UnsupportedError, must
from tenth.ship.progress import OnStep, Step, silent

WORKER = Path(__file__).with_name("worker.py")
_SAMPLE_SECONDS = 0.05
_LONG_SECONDS = 0.5  # of a run that brings the caches back by itself
_PAUSE_SECONDS = 0.005


@dataclass(frozen=True)
class Contestant:
    """An engine and the network it runs: a program's folder for tenth, else an ONNX file."""

    name: str
    engine: str
    model: Path
    interpreter: str = sys.executable


@dataclass(frozen=True)
class Timing:
    """What one contestant took: seconds a run in each round, and memory.

    `wall` is the clock on the wall; `cpu` that of the process, which stands still while others have
    the processor. The bytes are resident memory above that before the network was loaded: the peak
    while it was loaded and first run, and the peak of a later run.
    """

    name: str
    version: str
    threads: int
    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    load_seconds: float
    load_peak_bytes: int | None
    run_peak_bytes: int | None
    outputs: tuple[np.ndarray, ...]

    @property
    def clock(self) -> str:
        """The clock that counts: of the process for one thread, on the wall for several."""
        return "cpu" if self.threads == 1 else "wall"

    @property
    def samples(self) -> tuple[float, ...]:
        """Seconds a run in each round, by the clock that counts."""
        return self.cpu if self.threads == 1 else self.wall

    @property
    def seconds(self) -> float:
        """Their median."""
        return statistics.median(self.samples)


@dataclass(frozen=True)
class Ratio:
    """How many times as long one took as another in the same round: median, and nine in ten."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Race:
    """The timings of all that ran, in the order given, and why the others did not."""

    timings: tuple[Timing, ...]
    absent: Mapping[str, str]

    def timing(self, name: str) -> Timing | None:
        """The timing of one contestant; None if it did not run."""
        return next((timing for timing in self.timings if timing.name == name), None)


def race(
    contestants: Sequence[Contestant],
    inputs: Sequence[np.ndarray],
    *,
    threads: int = 1,
    rounds: int = 15,
    on_step: OnStep = silent,
) -> Race:
    """Run the same inputs through every contestant, by turns.

    Each has a process of its own, bound to the same processors, as many as threads.

    Raises:
        InputError: there are fewer processors than threads.
        UnsupportedError: an engine that is there failed.
    """
    processors = processors_for(threads)
    doing = f"by turns on {threads} thread{'s' if threads > 1 else ''}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tenth-")))
        np.savez(folder / "inputs.npz", *inputs)
        workers, absent = [], {}
        for i, contestant in enumerate(contestants):
            on_step(Step(f"load {contestant.name}"))
            outputs = folder / f"outputs{i}.npz"
            worker = _Worker(contestant, folder, outputs, processors)
            stack.callback(worker.end)
            why = worker.begin()
            if why:
                absent[contestant.name] = why
            else:
                worker.rest()
                workers.append(worker)
        for done in range(rounds):
            on_step(Step(doing, done, rounds))
            for worker in workers:
                worker.sample()
        return Race(tuple(worker.timing(threads) for worker in workers), absent)


def ratio(slow: Timing, fast: Timing) -> Ratio:
    """How many times as long `slow` took, round by round."""
    pairs = zip(slow.samples, fast.samples, strict=True)
    low, median, high = np.quantile([a / b for a, b in pairs], (0.05, 0.5, 0.95)).tolist()
    return Ratio(median, low, high)


class _Worker:
    """A contestant in its process."""

    def __init__(
        self, contestant: Contestant, folder: Path, outputs: Path, processors: Sequence[int]
    ) -> None:
        self.contestant, self.outputs = contestant, outputs
        order = {
            "engine": contestant.engine,
            "model": str(contestant.model),
            "inputs": str(folder / "inputs.npz"),
            "outputs": str(outputs),
            "threads": len(processors),
            "processors": list(processors),
        }
        self.words = (folder / f"{outputs.stem}.log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            # -P: the worker's neighbours must not hide modules of the same names
            [contestant.interpreter, "-P", str(WORKER), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.words,
            text=True,
        )
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self.before = self.runs = 1

    def begin(self) -> str:
        """Wait until it is ready, and see how long a run takes; or say why it cannot run."""
        self.facts = self._heard()
        if "absent" in self.facts:
            return self.facts["absent"]
        first = self._asked(1)
        self.before = int(first["wall"] < _LONG_SECONDS)
        self.runs = max(1, round(_SAMPLE_SECONDS / max(first["wall"], 1e-6)))
        return ""

    def end(self) -> None:
        """End its process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.words):
            if pipe is not None:
                pipe.close()

    def sample(self) -> None:
        """One round, while all others are stopped."""
        self._signal("SIGCONT")
        heard = self._asked(self.runs)
        self.wall.append(heard["wall"])
        self.cpu.append(heard["cpu"])
        self.rest()

    def rest(self) -> None:
        """Stop its process: threads of its pool may go on looking for work long after a run."""
        self._signal("SIGSTOP")
        time.sleep(_PAUSE_SECONDS)

    def _signal(self, name: str) -> None:
        number = getattr(signal, name, None)  # there is none on Windows
        if number is not None:
            self.process.send_signal(number)

    def timing(self, threads: int) -> Timing:
        """What it took so far."""
        with np.load(self.outputs) as file:
            outputs = tuple(file[name] for name in file.files)
        return Timing(
            name=self.contestant.name,
            threads=threads,
            wall=tuple(self.wall),
            cpu=tuple(self.cpu),
            outputs=outputs,
            **{key: self.facts[key] for key in _FACTS},
        )

    def _asked(self, runs: int) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{self.before} {runs}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it ended; what it said last is heard below
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        heard = json.loads(line) if line else {"failed": self._last_words()}
        if "failed" in heard:
            raise UnsupportedError(
                f"{self.contestant.name} cannot run {self.contestant.model}: {heard['failed']}"
            )
        return heard

    def _last_words(self) -> str:
        self.words.seek(0)
        return self.words.read().strip()[-400:] or "it ended without a word"


_FACTS = ("version", "load_seconds", "load_peak_bytes", "run_peak_bytes")


def processors_for(threads: int) -> list[int]:
    """The processors that all contestants share.

    Raises:
        InputError: there are fewer than threads.
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
    else:
        allowed = list(range(os.cpu_count() or 1))
    if not 1 <= threads <= len(allowed):
        raise InputError(must("threads", f"from 1 to {len(allowed)}, the processors", threads))
    return allowed[:threads]
