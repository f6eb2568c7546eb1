"""`tenth plan`: what a model will cost, said before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenth.cli.options import Density, Json, Place, Seed
from tenth.cli.show import print_result
from tenth.errors import InputError, must

if TYPE_CHECKING:
    from tenth.plan import Plan
    from tenth.task import Task


@dataclass(frozen=True)
class _Asked:
    device: str | None
    place: str | None
    measure: bool
    seed: int


def plan(
    task: Annotated[
        Path | None, typer.Argument(metavar="[TASK.py]", help="Count the model of this task file.")
    ] = None,
    params: Annotated[float | None, typer.Option(help="Parameters, such as 7e9.")] = None,
    tokens: Annotated[float | None, typer.Option(help="Training tokens, such as 2e12.")] = None,
    device: Annotated[
        str | None, typer.Option(help="Device of the catalogue, such as h100; default: this one.")
    ] = None,
    count: Annotated[int, typer.Option(help="How many devices.")] = 1,
    steps: Annotated[
        int | None, typer.Option(help="Training steps; default: what the task says.")
    ] = None,
    density: Density = None,
    place: Place = None,
    measure: Annotated[
        bool, typer.Option(help="With a task: time a few steps on this machine.")
    ] = True,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Say what a model will cost, before it is trained.

    Parameters, FLOPs, memory, hours, money, energy, carbon. Every figure has a 90 % interval, a
    label (counted, measured, modelled, estimated, given) and a source. Nothing is trained; with a
    task file a few steps are timed (--no-measure: none).

        tenth plan --params 7e9 --tokens 2e12 --device h100 --count 64 --place FRA

        tenth plan examples/digits.py
    """
    if (task is None) == (params is None and tokens is None):
        got = "both" if task else "neither"
        remedy = "Write `tenth plan TASK.py`, or `tenth plan --params 7e9 --tokens 2e12`."
        raise InputError(must("the plan", "made from a task file or from a size", got, remedy))
    if task is not None:
        from tenth.task import load

        asked = _Asked(device, place, measure, seed)
        result = _of_task(load(task), steps, density, asked)
    else:
        from tenth.plan import estimate

        if params is None or tokens is None:
            remedy = "Add the other one: `--params 7e9 --tokens 2e12`."
            raise InputError(
                must("a size", "given by --params and --tokens", "one of them", remedy)
            )
        result = estimate(params=params, tokens=tokens, device=device, count=count, place=place)
    print_result(result, result.to_json, as_json)


def _of_task(task: Task, steps: int | None, density: float | None, asked: _Asked) -> Plan:
    from tenth.graph import bind
    from tenth.plan import of_graph
    from tenth.train import time_step

    program = task.graph()
    # a step timed here says nothing about another device
    timed = asked.measure and asked.device is None
    return of_graph(
        program,
        examples_per_step=task.examples_per_step(),
        steps=task.steps if steps is None else steps,
        density=1.0 if density is None else density,
        step_seconds=time_step(task, seed=asked.seed) if timed else None,
        device=asked.device,
        place=asked.place,
        sizes=bind(program, [tensor.shape for tensor in task.example]),
    )
