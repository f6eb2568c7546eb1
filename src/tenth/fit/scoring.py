"""Reading a score as a stage of a receipt."""

import math

from torch import nn

from tenth.errors import DivergedError, must
from tenth.figures import Figure
from tenth.fit.bill import Bill
from tenth.fit.seeds import borrowed_generators, derive, reseed
from tenth.receipt import Meter, Receipt
from tenth.task import Task


def score(model: nn.Module, task: Task, split: str, *, receipt: Receipt, name: str) -> float:
    """The score of `model` on a split; the receipt gets it and its cost under `name`.

    Raises:
        DivergedError: it is not a finite number.
    """
    stage = f"score: {name}"
    with (
        borrowed_generators(),
        Meter(stage, place=receipt.place.code, into=receipt.stages) as meter,
    ):
        reseed(derive(0, "score"))
        bill = Bill(model, meter)
        with bill.count(split):
            value = task.read_score(model, split)
        bill.charge(split)
        bill.pay()
    if not math.isfinite(value):
        raise DivergedError(must(f"score of the model on {split!r}", "a finite number", value))
    receipt.scores[name] = score_figure(value, split)
    return value


def score_figure(value: float, split: str) -> Figure:
    """A score as a receipt keeps it."""
    return Figure(value, "", label="measured", source=f"task.score on {split!r}")
