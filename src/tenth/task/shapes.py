"""What a right part looks like, and the words in which a wrong one is refused."""

import traceback
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tenth.errors import TaskError, must

SHAPES = {
    "name": 'name="digits"',
    "model": "model=lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10))",
    "batches": "batches=lambda seed: DataLoader(dataset, batch_size=64, shuffle=True, "
    "generator=torch.Generator().manual_seed(seed))",
    "loss": "loss=lambda model, batch: F.cross_entropy(model(batch[0]), batch[1])",
    "score": "score=lambda model, split: accuracy(model, data[split])",
    "example": "example=(torch.zeros(1, 64),)",
    "optimizer": "optimizer=lambda parameters: torch.optim.Adam(parameters, lr=1e-3)",
    "small": "small=lambda weights: nn.Sequential(nn.Linear(64, h := weights // 74), nn.ReLU(), "
    "nn.Linear(h, 10))",
    "steps": "steps=1000",
    "target": "target=0.97",
    "best": "best=1.0",
}
"""How each part may be written; a wrong part is answered with its line."""

MINIMAL = """\
import tenth

task = tenth.Task(
    {name},
    {model},
    {batches},
    {loss},
    {score},
    {example},
)""".format(**SHAPES)

_TORCH = Path(torch.__file__).parent
_HERE = Path(__file__).parent


def wrong(thing: str, rule: str, got: Any, *, part: str = "") -> TaskError:
    """The error for a part that breaks a rule; `part` names it where `thing` says more."""
    return TaskError(must(f"task.{thing}", rule, got, f"Write it like: {SHAPES[part or thing]}"))


def raised(part: str, error: Exception) -> TaskError:
    """The error for a part that raised one of its own."""
    where = ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not {_TORCH, _HERE} & set(Path(frame.filename).parents):
            where = f" ({frame.filename}:{frame.lineno})"
            break
    return TaskError(f"task.{part} raised {said(error)}{where}. Write it like: {SHAPES[part]}")


def said(error: BaseException) -> str:
    """The kind and the first line of an error."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def kind(thing: Any) -> str:
    """What a thing is, in a few words."""
    if isinstance(thing, Tensor):
        return f"a tensor of shape {tuple(thing.shape)}"
    return "None" if thing is None else f"{type(thing).__name__} {thing!r:.60}"
