"""Planning a task file for `tenth plan`: which of the rooms below does what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenth.errors import InputError, must

if TYPE_CHECKING:
    from tenth.cli.advice import Where
    from tenth.plan import Plan
    from tenth.plan.ask import Ask
    from tenth.task import Task


def of_task(ask: Ask, where: Where, steps: int | None, seed: int | None) -> Plan:
    """The plan of a task file: its step traced without memory, else its captured graph counted.

    Raises:
        InputError: something is asked beside it that its file says.
        TaskError: a part of the task is missing or wrong.
    """
    if ask.params is not None or ask.tokens is not None or ask.work is not None:
        remedy = "Its file says what is trained: leave out --params, --tokens and --work."
        raise InputError(must("a task", "planned alone", "a size or a work beside it", remedy))
    given = where.assume
    if where.count != 1 or given.strategy or given.recompute or given.mfu is not None:
        remedy = "Leave out --count, --strategy, --recompute and --mfu."
        rule = "planned as its file trains it, on one device"
        raise InputError(must("a task", rule, "another way to train it", remedy))
    from tenth.adapters.trace import traced_step
    from tenth.errors import UnsupportedError
    from tenth.plan import of_step
    from tenth.plan.traced import fits_here
    from tenth.task import load
    from tenth.train import time_step

    task = load(str(ask.what))
    length = task.steps if steps is None else steps
    try:
        traced = traced_step(task)
    except UnsupportedError as error:
        return _of_capture(task, where, length, seed, str(error))
    # a step timed here says nothing about another device, and must have room here
    timed = seed is not None and where.device is None and fits_here(traced)
    return of_step(
        traced,
        steps=length,
        step_seconds=time_step(task, seed=seed or 0) if timed else None,
        device=where.device,
        place=where.place,
        assume=where.assume,
    )


def _of_capture(task: Task, where: Where, steps: int, seed: int | None, why: str) -> Plan:
    """The plan of a task that cannot be traced, from its captured graph."""
    from dataclasses import replace

    from tenth.graph import bind
    from tenth.plan import of_graph
    from tenth.train import time_step

    program = task.graph()
    timed = seed is not None and where.device is None
    found = of_graph(
        program,
        examples_per_step=task.examples_per_step(),
        steps=steps,
        density=where.assume.density,
        step_seconds=time_step(task, seed=seed or 0) if timed else None,
        device=where.device,
        place=where.place,
        sizes=bind(program, [tensor.shape for tensor in task.example]),
    )
    return replace(found, notes=(*found.notes, f"Counted on the captured graph: {why}."))
