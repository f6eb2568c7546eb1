"""The trained nets that a run is given, in whatever form: a module, a result, a folder."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from tenth.errors import FormatError, InputError, TargetError, TenthError, must
from tenth.fit import Teacher
from tenth.fit.origin import receipt_of
from tenth.layouts import kept_count
from tenth.receipt import Receipt
from tenth.sparsity import load_into, prunable
from tenth.task import Task


def told_of(given: Any) -> str:
    """Where a net comes from, in words; empty if none was given."""
    if given is None:
        return ""
    if isinstance(given, Teacher):
        return told_of(given.model if given.source is None else given.source)
    if isinstance(given, str | Path):
        return str(given)
    folder = getattr(given, "folder", None)
    if folder is not None:
        return str(folder)
    title = getattr(given, "title", "") or getattr(getattr(given, "receipt", None), "title", "")
    return title or f"a {type(given).__name__} of the caller's"


@contextmanager
def named(role: str, given: Any) -> Iterator[None]:
    """Errors of the block say where the net comes from that plays this role.

    Raises:
        TenthError: of the same class.
    """
    try:
        yield
    except TenthError as error:
        told = told_of(given)
        if not told or told in str(error) or isinstance(error, TargetError):
            raise
        raise type(error)(f"{error} The {role} is {told}.") from error


def teacher_of(given: Any, task: Task) -> Teacher | None:
    """The teacher that `given` is or holds; see `trained`.

    Raises:
        InputError: it is nothing of the kind, or cannot teach.
        FormatError: the folder holds no finished run of this task's nets.
    """
    if given is None or isinstance(given, Teacher):
        return given
    model, receipt = trained(given, task, "teacher")
    return Teacher(model, source=receipt)


def trained(given: Any, task: Task, role: str) -> tuple[nn.Module, Receipt | None]:
    """A trained net, and the receipt of its making where that is known.

    Args:
        given: a module; a result of `train` or `shrink`; the folder that one of them wrote for
            this task, from which the task's own model is filled (or its small one, for a run of
            the route "small").
        role: what the net is to the run, for messages.

    Raises:
        InputError: it is nothing of the kind.
        FormatError: the folder holds no finished run of this task's nets.
    """
    if isinstance(given, nn.Module):
        return given, None
    if isinstance(given, str | Path):
        return _of_folder(Path(given), task, role)
    model = getattr(given, "model", None)
    if isinstance(model, nn.Module):
        return model, receipt_of(given)
    rule = "an nn.Module, a result, or the folder of a run"
    raise InputError(must(role, rule, type(given).__name__))


def _of_folder(folder: Path, task: Task, role: str) -> tuple[nn.Module, Receipt]:
    path = folder / "run.json"
    try:
        ending = json.loads(path.read_text(encoding="utf-8"))
        identity = ending["identity"]
        route, density = identity.get("route"), float(identity["density"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        rule, got = "the folder of a run that ended", "none"
        remedy = "Name what `tenth train` or `tenth shrink` wrote to --out."
        raise FormatError(must(f"{role} {folder}", rule, got, remedy)) from error
    model: nn.Module = task.call("model")
    if route == "small" and task.small is not None:
        weights = sum(weight.numel() for weight in prunable(model).values())
        model = task.call("small", kept_count(weights, density))
    load_into(model, folder / "model.safetensors")
    return model.eval(), Receipt.load(folder / "receipt.json")
