"""The referee: what a model that another tool made weighs, how fast it runs, how well it scores.

judged = judge("dense.onnx", "pruned.onnx")
print(judged.verdict)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tenth.adapters.judge import reading
from tenth.adapters.judge.running import runs
from tenth.errors import InputError, must
from tenth.receipt.judge import Judgement

if TYPE_CHECKING:
    from tenth.task import Task

__all__ = ["judge"]


def judge(
    before: str | Path,
    after: str | Path,
    *,
    task: Task | None = None,
    after_task: Task | None = None,
    threads: int = 1,
) -> Judgement:
    """Hold a model against the one that it was made from.

    Each is a file of safetensors, of torch.save or of ONNX, or a folder that holds one model. ONNX
    runs by onnxruntime, weights in the task's model by torch. Nothing else that a file holds runs.

    Args:
        before: the model as it was.
        after: the model as another tool made it.
        task: scores both on "test", and gives weights alone a program.
        after_task: the task of `after`, where its model has another architecture.
        threads: how many threads both run on.

    Raises:
        FormatError: a file is damaged, or of another kind.
        InputError: a file cannot be read, or the call is wrong.
    """
    if threads < 1:
        raise InputError(must("threads", "1 or more", threads))
    if after_task is not None and task is None:
        raise InputError(must("after_task", "given beside task", "alone"))
    first, second = reading.model(before), reading.model(after)
    seen = runs(first, second, (task, after_task or task), threads)
    return Judgement(first.account, second.account, seen, _notes(first, second))


def _notes(before: reading.Model, after: reading.Model) -> list[str]:
    """What the two do not share, and what reading them left out."""
    notes = []
    if before.kind != after.kind:
        notes.append(f"Formats differ: {before.kind} before, {after.kind} after.")
    mine, theirs = before.account.shapes, after.account.shapes
    if mine != theirs:
        shared = sum(1 for name, shape in mine.items() if theirs.get(name) == shape)
        notes.append(
            f"Architectures or formats differ: {shared} tensors are the same in name and shape, of "
            f"{len(mine)} before and {len(theirs)} after. Whole models are compared."
        )
    for side, model in (("before", before), ("after", after)):
        notes += [f"{side}: {note}" for note in model.account.notes]
    return notes
