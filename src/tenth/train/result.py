"""What training gives."""

from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from tenth.fit import Step, ranks
from tenth.fit.scoring import score
from tenth.receipt import Receipt
from tenth.task import Task


@dataclass
class Result:
    """A trained network and what it cost.

    Attributes:
        model: the last weights, in evaluation mode.
        receipt: every stage, metered.
        route: name of the route.
        task: what it was trained for.
        score: on "val".
        reached: whether the target was reached; True where there is none.
        steps: how many were made.
        density: fraction of the prunable weights of `model` that are kept.
        weights: how many are kept.
        history: loss, score and density over the run.
        test: score on "test", None until `read_test` was called.
        folder: where the files are, if anywhere.
        seed: what drew its weights, batches and masks.
        teacher, parent: what it learned and began from, in words; "" if there was none.
    """

    model: nn.Module
    receipt: Receipt
    route: str
    task: Task
    score: float
    reached: bool
    steps: int
    density: float
    weights: int
    history: list[Step] = field(default_factory=list)
    test: float | None = None
    folder: Path | None = None
    seed: int = 0
    teacher: str = ""
    parent: str = ""

    def read_test(self) -> float:
        """The score on "test": read it once, when all is decided. The receipt keeps it."""
        if self.test is None:
            self.test = score(self.model, self.task, "test", receipt=self.receipt, name="test")
            if self.folder is not None and ranks.first():
                self.receipt.save(self.folder / "receipt.json")
        return self.test
