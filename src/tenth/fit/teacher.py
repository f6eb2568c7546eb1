"""A trained net whose answers another net learns to give, beside the loss of its task.

    run(task, "granet", teacher=Teacher(dense.model, weight=0.5, temperature=2.0, source=dense))

The task's loss stays the user's. While it runs, a hook keeps what goes into the student and what
comes out; then the teacher answers the same inputs, in evaluation mode and without gradients:

    total = (1 - weight) * loss + weight * gap

    classes    gap = T^2 * KL(softmax(teacher / T) || softmax(student / T)), mean over positions
    values     gap = mean of (student - teacher)^2

Several calls of the model in one loss count alike: the gap is their mean.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tenth.errors import InputError, TaskError, must
from tenth.fit.checkpoint import digest
from tenth.fit.origin import receipt_of
from tenth.receipt import Receipt
from tenth.sparsity.weights import plain
from tenth.task import Task, non_finite_weight

OUTPUTS = ("auto", "classes", "values")


@dataclass(frozen=True)
class Teacher:
    """A trained net that a run learns from; its forward passes are charged to the run.

    Attributes:
        model: put into evaluation mode, and otherwise left as it is.
        weight: share of the total that comes from the teacher, in (0, 1].
        temperature: softens both answers before they are compared, for classes only.
        at: name of the part whose answers are compared, in student and teacher alike; "": the
            whole model. Needed where the loss does not call the model itself.
        outputs: "classes": the last axis holds one logit a class; "values": numbers to be met;
            "auto": classes where there are two or three axes and the last is longer than 1, such
            as (batch, classes) and (batch, tokens, vocabulary), else values. Of an output of
            several tensors its `logits` are compared, or else the first of floating numbers.
        source: what making it cost: a receipt, a result or a folder; None is told as unknown.

    Raises:
        InputError: a number out of range, a model with NaN, a source that is none.

    Cost: one forward pass of the teacher for each of the student.
    Source: Hinton et al. 2015, arXiv:1503.02531; for values, Ba & Caruana 2013, arXiv:1312.6184.
    Differs: the mean over all positions, also those that a loss leaves out, such as padding.
    """

    model: nn.Module
    weight: float = 0.5
    temperature: float = 2.0
    at: str = ""
    outputs: str = "auto"
    source: Any = None

    def __post_init__(self) -> None:
        if not isinstance(self.model, nn.Module):
            raise InputError(must("teacher", "an nn.Module", type(self.model).__name__))
        if not (_number(self.weight) and 0 < self.weight <= 1):
            remedy = "It is the teacher's share of the loss: 0.5 is usual."
            raise InputError(must("weight of the teacher", "in (0, 1]", self.weight, remedy))
        if not (_number(self.temperature) and 0 < self.temperature < math.inf):
            remedy = "2 to 4 are usual."
            raise InputError(must("temperature", "a positive number", self.temperature, remedy))
        if self.outputs not in OUTPUTS:
            raise InputError(must("outputs", f"one of {', '.join(OUTPUTS)}", repr(self.outputs)))
        broken = non_finite_weight(self.model)
        if broken is not None:
            raise InputError(must(f"teacher's weight {broken!r}", "finite", "NaN or infinity"))
        _part(self.model, self.at, "teacher")
        receipt_of(self.source)
        self.model.eval()

    @property
    def receipt(self) -> Receipt | None:
        """What making it cost, where that is known."""
        return receipt_of(self.source)

    def identity(self) -> dict[str, Any]:
        """What decides how it teaches, as the files of a run keep it."""
        return {
            "digest": digest(self.model),
            "weight": self.weight,
            "temperature": self.temperature,
            "at": self.at,
            "outputs": self.outputs,
        }

    def check(self, task: Task, model: nn.Module) -> None:
        """Try the teacher once on a copy of the student, before anything is paid.

        Raises:
            TaskError: the loss calls nothing that can be compared.
            InputError: the teacher cannot answer the student's inputs, or answers in other shapes.
        Cost: a copy of the model, and the loss of one batch.
        """
        student = copy.deepcopy(model)
        self.total(student, lambda: task.call("loss", student, task.first_batch()))

    def total(self, student: nn.Module, loss: Callable[[], Tensor]) -> Tensor:
        """The task's loss and the gap to the teacher in one; `loss` calls the student."""
        calls: list[tuple[Any, Any, Any]] = []

        def keep(_: nn.Module, given: Any, named: Any, answer: Any) -> None:
            calls.append((given, named, answer))

        hook = _part(student, self.at, "student").register_forward_hook(keep, with_kwargs=True)
        try:
            own = loss()
        finally:
            hook.remove()
        if not calls:
            what = f"the part {self.at!r}" if self.at else "the model itself"
            remedy = "Name a part that it does call, as in Teacher(model, at='layers')."
            raise TaskError(must("task.loss", f"one that calls {what}", "none", remedy))
        gaps = [self._gap(*call) for call in calls]
        return (1 - self.weight) * own + self.weight * torch.stack(gaps).mean()

    def _gap(self, given: tuple[Any, ...], named: Mapping[str, Any], answer: Any) -> Tensor:
        ours, theirs = _compared(answer), _compared(self._answer(given, named))
        if ours.shape != theirs.shape:
            rule = f"of the student's shape {tuple(ours.shape)}"
            raise InputError(must("the teacher's answer", rule, tuple(theirs.shape)))
        wide = torch.promote_types(ours.dtype, torch.float32)
        ours, theirs = ours.to(wide), theirs.to(wide)
        classes = ours.ndim in (2, 3) and ours.shape[-1] > 1
        if self.outputs == "values" or (self.outputs == "auto" and not classes):
            return functional.mse_loss(ours, theirs)
        return _divergence(ours, theirs, self.temperature)

    @torch.no_grad()
    def _answer(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        try:
            return _part(self.model, self.at, "teacher")(*given, **named)
        except Exception as error:
            got = f"{type(error).__name__}: {error}".splitlines()[0]
            raise InputError(must("teacher", "able to answer the student's inputs", got)) from error


def _divergence(ours: Tensor, theirs: Tensor, temperature: float) -> Tensor:
    """T^2 times the divergence of softened classes: its gradient is as large as that of a loss."""
    target = functional.log_softmax(theirs / temperature, dim=-1)
    mine = functional.log_softmax(ours / temperature, dim=-1)
    gap = functional.kl_div(mine, target, reduction="none", log_target=True)
    return temperature**2 * gap.sum(dim=-1).mean()


def _compared(answer: Any) -> Tensor:
    tensor = _first(answer["logits"] if _has_logits(answer) else answer)
    if tensor is None:
        rule = "a tensor of floating numbers, or something that holds one"
        raise TaskError(must("what student and teacher answer", rule, type(answer).__name__))
    return tensor


def _has_logits(answer: Any) -> bool:
    return isinstance(answer, Mapping) and "logits" in answer


def _first(answer: Any) -> Tensor | None:
    if isinstance(answer, Tensor):
        return answer if answer.is_floating_point() else None
    if isinstance(answer, Mapping):
        answer = list(answer.values())
    if isinstance(answer, list | tuple):
        return next((found for part in answer if (found := _first(part)) is not None), None)
    return None


def _part(model: nn.Module, at: str, role: str) -> nn.Module:
    try:
        return plain(model).get_submodule(at) if at else model
    except AttributeError as error:
        some = ", ".join(name for name, _ in list(plain(model).named_modules())[1:6])
        raise InputError(must("at", f"a part of the {role}: {some}, …", repr(at))) from error


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
