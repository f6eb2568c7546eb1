"""Taking a trained model to a tenth of its weights, within a stated drop, or saying it cannot."""

import copy
import dataclasses
import math
import shutil
from pathlib import Path
from typing import Any

from torch import nn

from tenth.errors import InputError, TargetError, must
from tenth.fit import Folder, OnStep, Plan, Settings, kept_in
from tenth.fit.checkpoint import digest
from tenth.fit.scoring import score, score_figure
from tenth.fit.seeds import borrowed_generators
from tenth.layouts import check_density
from tenth.receipt import Aim, Meter, Receipt
from tenth.receipt.place import Place
from tenth.shrink.attempts import Attempts, Tried
from tenth.shrink.result import Result
from tenth.shrink.sizes import kept_weights, sizes, weight_count
from tenth.task import Task, non_finite_weight

ATTEMPTS = "attempts"


def to(  # noqa: PLR0913  what is shrunk, how far, and how, by keyword
    model: nn.Module,
    task: Task,
    density: float | None = None,
    max_drop: float = 0.005,
    *,
    seed: int = 0,
    out: str | Path | None = None,
    settings: Settings | None = None,
    on_step: OnStep | None = None,
) -> Result:
    """Prune a trained model to `density`, fine-tuning as its weights go; `model` stays as it is.

    An attempt is as long as the training was, its learning rate rewound and falling again.
    One that loses more than `max_drop` is made once more at double length; all are paid for and on
    the receipt. Without a density, the smallest that holds is searched: halved until it fails, each
    time from the last that held, then bisected twice.

    "val" decides; "test" is read once, at the end. Where the task names a target, an attempt stops
    as soon as it is reached at the final density.

    With `out`, the folder gets `model.safetensors` and `receipt.json`, and a stopped call goes on
    where it was when it is made again; a call that ended is read back.

    Raises:
        InputError: a density outside (0, 1), a negative drop, a model with NaN.
        TaskError: a part of the task is missing or wrong.
        TargetError: not reached; `.reached` holds density and drop of the best attempt, and
            `.receipt` what all of them cost.
        FormatError: `out` holds something else, or a damaged file.
        OutputError: `out` cannot be written.
    """
    settings = settings or Settings()
    _check(model, density, max_drop)
    pace = settings.for_task(task)
    name = "the smallest density" if density is None else f"density {density:g}"
    receipt = Receipt(
        title=f"shrink {task.name} to {name}",
        task=Aim(task.name, metric="score", margin=max_drop),
        place=Place.find(settings.place),
    )
    with (
        borrowed_generators(),
        Meter("check the task", place=settings.place, into=receipt.stages),
    ):
        task.check()
    identity = {"verb": "shrink", "task": task.name, "density": density, "max_drop": max_drop}
    identity |= {"seed": seed, **dataclasses.asdict(pace), "model": digest(model)}
    folder = None if out is None else Folder(out, identity)
    ending = folder.ending() if folder is not None else None
    if folder is not None and ending is not None:
        return _read_back(folder, ending, model)
    with kept_in(folder, receipt):
        attempts = Attempts(
            model,
            task,
            before=score(model, task, "val", receipt=receipt, name="val before"),
            max_drop=max_drop,
            plan=Plan(
                "",
                pace,
                seed,
                place=settings.place,
                save_seconds=settings.save_seconds,
                sparse=settings.sparse,
            ),
            stages=receipt.stages,
            out=folder.path / ATTEMPTS if folder is not None else None,
            on_step=on_step,
        )
        tried = attempts.smallest() if density is None else attempts.at(float(density))
    if tried is None or not tried.holds:
        raise _missed(attempts, receipt, folder)
    return _finished(attempts, tried, receipt, folder)


def _check(model: nn.Module, density: float | None, max_drop: float) -> None:
    if density is not None and check_density(density) == 1:
        raise InputError(must("density", "below 1 to shrink", density))
    number = isinstance(max_drop, int | float) and not isinstance(max_drop, bool)
    if not number or not 0 <= max_drop < math.inf:
        remedy = "It is a loss of score on 'val': 0.005 is half a point of accuracy."
        raise InputError(must("max_drop", "a number of at least 0", repr(max_drop), remedy))
    if not isinstance(model, nn.Module):
        raise InputError(must("model", "an nn.Module", type(model).__name__))
    weight = non_finite_weight(model)
    if weight is not None:
        remedy = "Load or train it again."
        raise InputError(must(f"weight {weight!r}", "finite", "NaN or infinity", remedy))


def _missed(attempts: Attempts, receipt: Receipt, folder: Folder | None) -> TargetError:
    best = attempts.best
    assert best is not None  # an attempt was made
    drop = attempts.before - best.score
    error = TargetError(
        f"No attempt stayed within a drop of {attempts.max_drop:g} on 'val'. The best of "
        f"{len(attempts.tried)} reached density {best.density:g} with a drop of {drop:.4g} "
        f"({attempts.before:.4g} to {best.score:.4g}). Allow a larger drop or more steps, or keep "
        "more weights.",
        reached={"density": best.density, "drop": drop},
    )
    error.receipt = receipt
    if folder is not None:
        receipt.save(folder.receipt_path)
    return error


def _finished(attempts: Attempts, tried: Tried, receipt: Receipt, folder: Folder | None) -> Result:
    task, model = attempts.task, attempts.model
    test_before = score(model, task, "test", receipt=receipt, name="test before")
    test_after = score(tried.model, task, "test", receipt=receipt, name="test after")
    receipt.scores["val after"] = score_figure(tried.score, "val")
    receipt.sizes.extend(sizes(model, tried.model))
    result = Result(
        model=tried.model,
        receipt=receipt,
        density=kept_weights(tried.model) / weight_count(model),
        weights=kept_weights(tried.model),
        val_before=attempts.before,
        val_after=tried.score,
        test_before=test_before,
        test_after=test_after,
        sizes=receipt.sizes,
    )
    if folder is not None:
        result.folder = folder.path
        names = ("density", "weights", "val_before", "val_after", "test_before", "test_after")
        folder.finish(result.model, receipt, {name: getattr(result, name) for name in names})
        shutil.rmtree(folder.path / ATTEMPTS)
    return result


def _read_back(folder: Folder, ending: dict[str, Any], model: nn.Module) -> Result:
    shrunk = copy.deepcopy(model)
    receipt = folder.result(shrunk)
    return Result(shrunk.eval(), receipt, sizes=receipt.sizes, folder=folder.path, **ending)
