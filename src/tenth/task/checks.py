"""One look at each part of a task, before anything is paid for."""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tenth.errors import TaskError
from tenth.layouts import kept_count
from tenth.sparsity import prunable
from tenth.task.glimpse import glimpse, noting
from tenth.task.shapes import kind, said, wrong

if TYPE_CHECKING:
    from tenth.task.task import Task


def check_parts(task: "Task") -> None:
    """Refuse the first wrong part of a task; see `Task.check`."""
    _check_plain_parts(task)
    model = _checked_model(task)
    _check_example(task, model)
    _check_optimizer(task, model)
    _check_loss(task, model)
    _check_score(task, model)
    if task.small is not None:
        _check_small(task, model)


def _check_plain_parts(task: "Task") -> None:
    if not isinstance(task.name, str) or not task.name:
        raise wrong("name", "a text", repr(task.name))
    for part in ("model", "batches", "loss", "score", "optimizer"):
        if not callable(getattr(task, part)):
            raise wrong(part, "a function", kind(getattr(task, part)))
    if task.small is not None and not callable(task.small):
        raise wrong("small", "a function or None", kind(task.small))
    if not isinstance(task.steps, int) or task.steps < 1:
        raise wrong("steps", "a whole number of at least 1", repr(task.steps))
    target = task.target
    if target is not None and not (isinstance(target, int | float) and math.isfinite(target)):
        raise wrong("target", "a finite number or None", repr(target))
    best = task.best
    if best is not None and not (isinstance(best, int | float) and math.isfinite(best)):
        raise wrong("best", "a finite number or None", repr(best))
    if best is not None and target is not None and target > best:
        raise wrong("target", f"at most {best:g}, the highest score there can be", target)


def _checked_model(task: "Task") -> nn.Module:
    model = task.call("model")
    if not isinstance(model, nn.Module):
        raise wrong("model", "a function that gives an nn.Module", kind(model))
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise wrong("model", "something with weights to train", "none")
    weight = non_finite_weight(model)
    if weight is not None:
        raise wrong("model", "made of finite weights", f"NaN or infinity in {weight!r}")
    return model


def _check_example(task: "Task", model: nn.Module) -> None:
    example = task.example
    if not isinstance(example, tuple) or not example:
        raise wrong("example", "a tuple of tensors", kind(example))
    if not all(isinstance(part, Tensor) for part in example):
        raise wrong("example", "a tuple of tensors", kind(example))
    model.eval()
    try:
        with torch.no_grad():
            model(*example)
    except Exception as error:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in example)
        got = f"{said(error)} for shapes {shapes}"
        raise wrong("example", "arguments that the model accepts", got) from error
    finally:
        model.train()


def _check_optimizer(task: "Task", model: nn.Module) -> None:
    optimizer = task.call("optimizer", list(model.parameters()))
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise wrong("optimizer", "a function that gives a torch optimizer", kind(optimizer))


def _check_loss(task: "Task", model: nn.Module) -> None:
    loss = task.call("loss", model, task.first_batch())
    rule = "a function that gives a finite scalar tensor with a gradient"
    if not isinstance(loss, Tensor):
        raise wrong("loss", rule, kind(loss))
    if loss.numel() != 1:
        raise wrong("loss", rule, kind(loss))
    if not loss.requires_grad:
        raise wrong("loss", rule, "a tensor without a gradient")
    if not math.isfinite(loss.item()):
        raise wrong("loss", rule, loss.item())


def _check_score(task: "Task", model: nn.Module) -> None:
    with noting(model) as met:
        score = task.read_score(model, "val")
    _must_be_a_score(task, score, "val")
    try:
        tested = glimpse(model, met, lambda: task.read_score(model, "test"))
    except TaskError as error:
        raise TaskError(f"The score on 'test' would fail after the training. {error}") from error
    if tested is not None:
        _must_be_a_score(task, tested, "test")


def _must_be_a_score(task: "Task", score: float, split: str) -> None:
    if not math.isfinite(score):
        raise wrong("score", "a function that gives a finite number", f"{score} for {split!r}")
    if task.best is not None and score > task.best:
        raise wrong("best", "the highest score there can be", f"{task.best} and scored {score}")


def _check_small(task: "Task", model: nn.Module) -> None:
    allowed = kept_count(sum(weight.numel() for weight in prunable(model).values()), 0.1)
    small = task.call("small", allowed)
    if not isinstance(small, nn.Module):
        raise wrong("small", "a function that gives an nn.Module", kind(small))
    weights = sum(weight.numel() for weight in prunable(small).values())
    if weights > allowed:
        rule = f"a model with at most the {allowed} weights it was asked for"
        raise wrong("small", rule, f"{weights} weights")


def non_finite_weight(model: nn.Module) -> str | None:
    """The name of the first parameter or buffer that holds NaN or infinity, if any."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            return name
    return None
