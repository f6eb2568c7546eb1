"""The task itself: one problem to be learned, and how to tell whether it was.

task = Task(
    name="digits",
    model=build_model,                    # () -> nn.Module
    batches=train_batches,                # (seed) -> one epoch of batches
    loss=loss,                            # (model, batch) -> scalar tensor
    score=score,                          # (model, "val" or "test") -> float, higher is better
    example=(torch.zeros(1, 1, 8, 8),),   # arguments of model.forward
)
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tenth.graph.capture import capture
from tenth.graph.program import Graph
from tenth.task.checks import check_parts
from tenth.task.shapes import kind, raised, wrong

SPLITS = ("val", "test")


def adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Adam at 1e-3, for a task that names no optimizer.

    Source: Kingma & Ba 2014, arXiv:1412.6980.
    """
    return torch.optim.Adam(parameters, lr=1e-3)


@dataclass(frozen=True)
class Task:
    """One problem to be learned, and how to tell whether it was.

    Attributes:
        name: what receipts call it.
        model: makes a fresh model; its random numbers come from torch's global generator.
        batches: one epoch of batches. Whatever is random in them comes from the seed or from the
            global generators of torch, numpy and Python, so that a run can be repeated and resumed.
        loss: scalar to minimise, for one batch; the model is in training mode.
        score: higher is better; the model is in evaluation mode and gradients are off. "val"
            decides, "test" is read once at the end. Before a run its beginning is tried on an
            untrained model, up to what "val" has tried already.
        example: arguments of `model.forward`, for capture.
        optimizer: makes the optimizer that moves the parameters it is given.
        small: makes a dense model with at most so many prunable weights, the rival of every
            sparse one; None if there is none.
        steps: length of a run when nobody says otherwise.
        target: score on "val" at which a run may stop; None for tasks without one.
        best: the highest score there can be, such as 1 for a share; a target above is refused.
    """

    name: str
    model: Callable[[], nn.Module]
    batches: Callable[[int], Iterable[Any]]
    loss: Callable[[nn.Module, Any], Tensor]
    score: Callable[[nn.Module, str], float]
    example: tuple[Tensor, ...]
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer] = adam
    small: Callable[[int], nn.Module] | None = None
    steps: int = 1000
    target: float | None = None
    best: float | None = None

    def check(self) -> None:
        """Call each part once, cheaply, and refuse the first wrong one.

        Raises:
            TaskError: names the part, what was got, and the shape of a right one.
        Cost: one model, one batch forward and backward, one score on "val", loading of "test".
        """
        with _forked():
            check_parts(self)

    def graph(self, model: nn.Module | None = None) -> Graph:
        """The program that `model` (a fresh one if None) runs on the example.

        Raises:
            UnsupportedError: the model does something that a graph cannot express.
        """
        with _forked():
            return capture(self.call("model") if model is None else model, self.example)

    def examples_per_step(self) -> int:
        """How many examples a training step sees: the length of the first tensor of a batch.

        Raises:
            TaskError: there is no batch, or no tensor in it.
        """
        with _forked():
            batch = self.first_batch()
        tensor = next(_tensors(batch), None)
        if tensor is None or tensor.ndim == 0:
            raise wrong("batches", "made of tensors whose axis 0 counts examples", kind(batch))
        return len(tensor)

    def first_batch(self, seed: int = 0) -> Any:
        """The first batch of an epoch.

        Raises:
            TaskError: the epoch is empty or cannot be iterated.
        """
        for batch in self.epoch(seed):
            return batch
        raise empty()

    def epoch(self, seed: int) -> Iterator[Any]:
        """The batches of one epoch.

        Raises:
            TaskError: they cannot be iterated, or one of them raises when its turn comes.
        """
        batches = self.call("batches", seed)
        if not isinstance(batches, Iterable):
            raise wrong("batches", "a function that gives an iterable of batches", kind(batches))
        return _guarded(batches)

    def read_score(self, model: nn.Module, split: str) -> float:
        """The score of `model` on a split, in evaluation mode and without gradients; may be NaN.

        Raises:
            TaskError: it is not a number.
        """
        training = model.training
        model.eval()
        try:
            with torch.no_grad():
                score = self.call("score", model, split)
        finally:
            model.train(training)
        try:
            return float(score)
        except (TypeError, ValueError, RuntimeError):
            raise wrong("score", "a function that gives one number", kind(score)) from None

    def call(self, part: str, *arguments: Any) -> Any:
        """What a part gives.

        Raises:
            TaskError: it raised; the message names the part and the line.
        """
        try:
            return getattr(self, part)(*arguments)
        except Exception as error:
            raise raised(part, error) from error


def _guarded(batches: Iterable[Any]) -> Iterator[Any]:
    # a generator raises here, long after `task.batches` returned
    try:
        yield from batches
    except Exception as error:
        raise raised("batches", error) from error


def empty() -> Exception:
    """The error for an epoch without batches."""
    return wrong("batches", "a function that gives at least one batch", "an empty iterable")


def _forked() -> AbstractContextManager[None]:
    """Leaves the global generator of torch as it was."""
    return torch.random.fork_rng(devices=range(torch.cuda.device_count()))


def _tensors(batch: Any) -> Iterator[Tensor]:
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, dict):
        for part in batch.values():
            yield from _tensors(part)
    elif isinstance(batch, list | tuple):
        for part in batch:
            yield from _tensors(part)
