"""A model in the terms of a task: its example as input, its score, its module by torch."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tenth.adapters.judge import onnx_file
from tenth.adapters.judge.reading import Model
from tenth.adapters.judge.side import Side
from tenth.errors import FormatError, TenthError, UnsupportedError, must
from tenth.figures import Figure, unknown
from tenth.receipt.judge import Load, Run
from tenth.sparsity.models import load_into
from tenth.task import Task

_SPLIT = "test"
_NESTED = ("state_dict", "model_state_dict", "model")


class _OnnxModule(nn.Module):
    """An ONNX file as a module, for a task's score."""

    def __init__(self, session: onnx_file.Session) -> None:
        super().__init__()
        self.session = session

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """What the file gives for these inputs."""
        outputs = self.session(*(x.detach().cpu().numpy() for x in inputs))
        tensors = tuple(torch.from_numpy(np.asarray(y)) for y in outputs)
        return tensors[0] if len(tensors) == 1 else tensors


def side(model: Model, task: Task, threads: int) -> Side:
    """The model, ready to run the task's example on this many threads, with its score.

    Raises:
        FormatError: weights that are not those of the task's model.
        TenthError: the file, or the task's model, does not run.
    """
    if model.kind == "onnx":
        inputs = [x.detach().cpu().numpy() for x in task.example]
        load = onnx_file.loading(model.weights[0], inputs, threads)
        load()()
        module = _OnnxModule(onnx_file.Session(model.weights[0], threads))
        return Side(onnx_file.engine(), load, _score(module, task))
    module = task.call("model")
    _fill(module, model)
    module.eval()
    load = _loading(module, task, threads)
    try:
        load()()
    except Exception as error:  # whatever a user's model raises is told
        raise UnsupportedError(f"the task's model does not run: {_said(error)}") from error
    return Side(f"torch {torch.__version__}", load, _score(module, task))


def _loading(module: nn.Module, task: Task, threads: int) -> Load:
    """What copies the module and gives the copy's run on the example."""

    def load() -> Run:
        fresh = deepcopy(module)

        @torch.no_grad()
        def run() -> None:
            held = torch.get_num_threads()
            torch.set_num_threads(threads)
            try:
                fresh(*task.example)
            finally:
                torch.set_num_threads(held)

        return run

    return load


def _fill(module: nn.Module, model: Model) -> None:
    if model.kind == "safetensors" and len(model.weights) == 1:
        load_into(module, model.weights[0])
        return
    state: dict[str, Any] = {}
    for path in model.weights:
        state |= _state(path, model.kind)
    try:
        module.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        rule = "the weights of the task's model"
        raise FormatError(must(str(model.path), rule, _said(error))) from error


def _state(path: Path, kind: str) -> dict[str, Any]:
    if kind == "safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle and zip raise errors of many kinds
        raise FormatError(must(str(path), "weights that torch loads", _said(error))) from error
    for name in _NESTED:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            return found[name]
    return found if isinstance(found, dict) else {}


def _score(module: nn.Module, task: Task) -> Figure:
    try:
        score = task.read_score(module, _SPLIT)
    except TenthError as error:
        return unknown("", str(error))
    if not np.isfinite(score):
        return unknown("", f"the score is {score}")
    return Figure(score, "", source=f"the score of task {task.name!r} on {_SPLIT}, one reading")


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
