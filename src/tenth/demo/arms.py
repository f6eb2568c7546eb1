"""Small nets trained alone: how often each route learns Life, and what a success costs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tenth import train
from tenth.receipt import Arm, Stage
from tenth.task import Task

# the dense net is the baseline; no other holds more than a tenth of its weights
ROUTES = ("dense", "static", "small", "rigl", "granet")


def race(
    task: Task,
    *,
    density: float,
    seeds: range,
    settings: train.Settings,
    folder: Path,
    on_run: Callable[[train.Result, int], None],
) -> tuple[list[Arm], Stage]:
    """Train every route from the same seeds under one stopping rule.

    A run that was finished in `folder` before is read back, with what it cost.
    """
    arms, stages = [], []
    for route in ROUTES:
        results = []
        for seed in seeds:
            result = train.run(
                task,
                route=route,
                density=None if route == "dense" else density,
                seed=seed,
                out=folder / f"{route}-{seed}",
                settings=settings,
            )
            on_run(result, seed)
            results.append(result)
        runs = [
            replace(Stage.of_parts(f"seed {seed}", result.receipt.stages), parts=[])
            for seed, result in zip(seeds, results, strict=True)
        ]
        arms.append(
            Arm.of_runs(
                route,
                [run.figures for run in runs],
                successes=sum(result.reached for result in results),
                weights=results[0].weights,
            )
        )
        stages.append(Stage.of_parts(route, runs))
    return arms, Stage.of_parts("train small alone", stages)
