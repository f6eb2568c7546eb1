"""What a user brings: a model, batches, a loss, a score; and the file that defines them."""

from tenth.task.checks import non_finite_weight
from tenth.task.file import load
from tenth.task.task import SPLITS, Task

__all__ = ["SPLITS", "Task", "load", "non_finite_weight"]
