"""Both models run here: by turns for their times, and through the task for their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenth.adapters.judge.onnx_file import Session, engine, loading
from tenth.adapters.judge.reading import Model
from tenth.adapters.judge.side import Side
from tenth.errors import TenthError
from tenth.figures import unknown
from tenth.receipt.judge import Runs, by_turns

if TYPE_CHECKING:
    from tenth.task import Task

_NO_PROGRAM = "weights alone have no program: name their task with --task"


def runs(before: Model, after: Model, tasks: Sequence[Task | None], threads: int) -> Runs:
    """Times by turns and scores on "test"; what cannot be had is unknown, with its reason.

    tasks: those of before and after.
    """
    pairs = zip((before, after), tasks, strict=True)
    first, second = (_side(model, task, threads) for model, task in pairs)
    if first.load is None or second.load is None:
        why = "; ".join(dict.fromkeys(side.why for side in (first, second) if side.why))
        unseen = unknown("s", why)
        return Runs(unseen, unseen, unknown("×", why), first.score, second.score)
    engines = " against ".join(dict.fromkeys([second.engine, first.engine]))
    timing = by_turns(first.load, second.load, engines, threads=threads)
    return Runs.timed(timing, first.score, second.score)


def _side(model: Model, task: Task | None, threads: int) -> Side:
    try:
        if task is not None:
            from tenth.adapters.judge import torch_side  # ONNX files alone need no torch

            return torch_side.side(model, task, threads)
        if model.kind != "onnx":
            return Side.absent(_NO_PROGRAM, task=False)
        return _onnx_side(model, threads)
    except TenthError as error:
        return Side.absent(str(error), task=task is not None)


def _onnx_side(model: Model, threads: int) -> Side:
    """An ONNX file on inputs as it declares them.

    Raises:
        UnsupportedError: onnxruntime cannot run it.
    """
    inputs = Session(model.weights[0], threads).example()
    load = loading(model.weights[0], inputs, threads)
    load()()
    return Side(engine(), load)
