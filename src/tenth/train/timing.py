"""How long a training step takes on this machine."""

import time
from statistics import median

from tenth.errors import InputError, must
from tenth.figures import Figure
from tenth.fit import Plan, Settings
from tenth.fit.run import Run
from tenth.fit.seeds import borrowed_generators, derive, reseed
from tenth.receipt import Meter
from tenth.task import Task


def time_step(task: Task, steps: int = 5, seed: int = 0) -> Figure:
    """Seconds that one dense training step takes on this machine: median, least and most.

    Raises:
        InputError: `steps` is below 1.
        TaskError: a part of the task is missing or wrong.
    """
    if steps < 1:
        raise InputError(must("steps", "at least 1", steps))
    seconds = []
    with borrowed_generators(), Meter("time a step") as meter:
        reseed(derive(seed, "init"))
        # the first step warms up and is counted; the last one would look at the score
        pace = Settings(steps=steps + 2, check_every=steps + 2).for_task(task)
        trial = Run(task.call("model"), task, Plan("time a step", pace, seed), meter)
        trial.advance()
        for _ in range(steps):
            began = time.perf_counter()
            trial.advance()
            seconds.append(time.perf_counter() - began)
    source = f"median of {steps} training steps on this machine"
    return Figure(median(seconds), "s", min(seconds), max(seconds), "measured", source)
