"""What shrinking gives."""

from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from tenth.receipt import BeforeAfter, Receipt


@dataclass
class Result:
    """A model with fewer weights, what it lost, and what that cost.

    Attributes:
        model: a copy with exact zeros, in evaluation mode.
        receipt: every attempt, metered, those that failed included.
        density: fraction of the prunable weights kept.
        weights: how many are kept.
        val_before, val_after: scores that decided.
        test_before, test_after: scores read once, when all was decided.
        sizes: weights and bytes, before and after.
        folder: where the files are, if anywhere.
    """

    model: nn.Module
    receipt: Receipt
    density: float
    weights: int
    val_before: float
    val_after: float
    test_before: float
    test_after: float
    sizes: list[BeforeAfter] = field(default_factory=list)
    folder: Path | None = None

    @property
    def drop(self) -> float:
        """How much of the score on "val" was lost; negative if it rose."""
        return self.val_before - self.val_after
