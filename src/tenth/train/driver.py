"""Training a task by a route, from the first weights to the receipt."""

import dataclasses
from pathlib import Path
from typing import Any

from torch import nn

from tenth.errors import InputError, TargetError, TaskError, must
from tenth.figures import counted
from tenth.fit import Fitted, Folder, OnStep, Plan, Settings, Step, Teacher, kept_in, ranks
from tenth.fit.checkpoint import digest
from tenth.fit.origin import line_of, stage_of
from tenth.fit.scoring import score_figure
from tenth.fit.seeds import borrowed_generators, checked, derive, reseed
from tenth.fit.threads import threads_for, threads_of_torch
from tenth.layouts import check_density, kept_count
from tenth.receipt import Aim, BeforeAfter, Meter, Receipt
from tenth.receipt.place import Place
from tenth.sparsity import prunable
from tenth.sparsity.weights import told_dense
from tenth.task import Task
from tenth.task.shapes import SHAPES
from tenth.train import report
from tenth.train.job import Job
from tenth.train.origins import named, teacher_of, told_of, trained
from tenth.train.parent import inherit
from tenth.train.result import Result
from tenth.train.routes import ROUTES, Route

A_TENTH = 0.1


def run(  # noqa: PLR0913  what a run is, by keyword
    task: Task,
    route: str = "dense",
    *,
    density: float | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    settings: Settings | None = None,
    on_step: OnStep | None = None,
    teacher: Teacher | Result | nn.Module | str | Path | None = None,
    parent: Result | nn.Module | str | Path | None = None,
) -> Result:
    """Train `task` by one route of `ROUTES`.

    With `out`, the folder gets `model.safetensors`, `receipt.json`, `report.html`. A run that was
    stopped, even killed, goes on from its last checkpoint there when the same call is made again,
    and ends bit for bit as if it had not been stopped; a run that ended is read back and costs
    nothing.

    Under `torchrun` all processes train one net together (see `fit.shards`): make the same call in
    each. The first one writes the files and calls `on_step`.

    Args:
        density: fraction of the weights kept; None is a tenth, for routes that leave any out.
        seed: draws the first weights, the batches and the masks.
        on_step: called after each step, for progress bars.
        teacher: a trained net to learn from, beside the loss of the task: a `Teacher`; or a
            module, a result or the folder of an earlier run, with the usual weight and
            temperature. What it costs to run, and what it cost to make, is on the receipt.
        parent: a trained net of the same build and any size, whose knowledge the first weights are
            (see `train.parent`). A sparse route then keeps the largest weights where its first
            mask would be random. What the parent cost to make is on the receipt.

    Raises:
        InputError: no such route, a density that it cannot have, a negative seed, a target above
            the task's best score, a teacher that cannot teach, or a parent that does not fit.
        TaskError: a part of the task is missing or wrong.
        DivergedError: the loss or the score is no longer a number; `.receipt` says what it cost.
        FormatError: `out` holds another run, or a damaged checkpoint.
        OutputError: `out` cannot be written.
    """
    ranks.join()
    settings = settings or Settings()
    choice, density = ranks.together(lambda: _chosen(route, density))
    told = {"seed": checked(seed), "teacher": told_of(teacher), "parent": told_of(parent)}
    plan = _plan(task, route, density, seed, settings)
    receipt = Receipt(
        title=f"train {task.name} by {route}",
        task=Aim(task.name, metric="score", target=plan.pace.target),
        place=ranks.together(lambda: Place.find(settings.place)),
    )
    with (
        borrowed_generators(),
        Meter("check the task", place=settings.place, into=receipt.stages),
    ):
        ranks.together(task.check)
        with named("teacher", teacher):
            plan = dataclasses.replace(plan, teacher=teacher_of(teacher, task))
        forebear = None if parent is None else trained(parent, task, "parent")
        reseed(derive(seed, "init"))
        dense = task.call("model")
        model = _small(task, dense, density, seed) if choice.small else dense
        if plan.teacher is not None:
            with named("teacher", teacher):
                plan.teacher.check(task, model)
            _name_origin(receipt, "teacher", plan.teacher.receipt)
        threads = ranks.together(lambda: threads_for(settings.threads, task, model))
    receipt.stages[-1:] = ranks.stages_of_all(receipt.stages[-1:])
    identity = _identity(task, route, plan, model)
    if forebear is not None:
        identity["parent"] = digest(forebear[0])
        plan = dataclasses.replace(plan, trained=True, rescale=False)
    folder = None if out is None else Folder(out, identity)
    ending = folder.ending() if folder is not None else None
    if folder is not None and ending is not None:
        read = _read_back(folder, ending, model, task, route, told)
        ranks.from_first(lambda: report.save(read))
        return read
    try:
        with kept_in(folder, receipt), threads_of_torch(threads):
            if forebear is not None:
                with named("parent", parent):
                    _begin(model, forebear, task, seed, receipt)
            fitted = choice.way(Job(model, task, plan, receipt.stages, folder, on_step))
    except TargetError as error:
        error.receipt = receipt
        raise
    weights = _weight_count(dense)
    result = _result(fitted, receipt, task, route, weights, told)
    if folder is not None:
        result.folder = folder.path
        folder.finish(result.model, receipt, _ending(result))
        ranks.from_first(lambda: report.save(result))
    return result


def _chosen(route: str, density: float | None) -> tuple[Route, float]:
    if route not in ROUTES:
        raise InputError(must("route", f"one of {', '.join(ROUTES)}", repr(route)))
    choice = ROUTES[route]
    if density is not None:
        check_density(density)
    if choice.dense:
        if density not in (None, 1):
            remedy = "Leave it out, or take another route, such as granet."
            raise InputError(must("density of the route 'dense'", "1", density, remedy))
        return choice, 1.0
    if density == 1:
        remedy = "The route 'dense' keeps all weights."
        raise InputError(must(f"density of the route {route!r}", "below 1", density, remedy))
    return choice, A_TENTH if density is None else float(density)


def _plan(task: Task, route: str, density: float, seed: int, settings: Settings) -> Plan:
    choice = ROUTES[route]
    return Plan(
        name=f"train {route}",
        pace=settings.for_task(task, choice.updates),
        seed=seed,
        density=density,
        method=choice.method,
        ramp=choice.ramp,
        rest=choice.rest,
        rescale=choice.sparse_start,
        place=settings.place,
        save_seconds=settings.save_seconds,
        sparse=settings.sparse,
    )


def _small(task: Task, dense: nn.Module, density: float, seed: int) -> nn.Module:
    if task.small is None:
        rule = "given for the route 'small'"
        raise TaskError(must("task.small", rule, "None", f"Write it like: {SHAPES['small']}"))
    reseed(derive(seed, "init"))
    return task.call("small", kept_count(_weight_count(dense), density))


def _weight_count(model: nn.Module) -> int:
    return sum(weight.numel() for weight in prunable(model).values())


def _name_origin(receipt: Receipt, role: str, origin: Receipt | None) -> None:
    receipt.stages.append(stage_of(role, origin))
    receipt.notes.append(line_of(role, origin))


def _begin(
    model: nn.Module,
    forebear: tuple[nn.Module, Receipt | None],
    task: Task,
    seed: int,
    receipt: Receipt,
) -> None:
    """Fill the first weights with what the parent knows."""
    parent, origin = forebear
    _name_origin(receipt, "parent", origin)
    place = receipt.place.code
    with borrowed_generators(), Meter("inherit", place=place, into=receipt.stages):
        inherited = inherit(parent, model, task, seed=derive(seed, "inherit"))
    receipt.notes.extend(inherited.notes)


def _identity(task: Task, route: str, plan: Plan, model: nn.Module) -> dict[str, Any]:
    return {
        "verb": "train",
        "task": task.name,
        "route": route,
        "density": plan.density,
        "seed": plan.seed,
        **dataclasses.asdict(plan.pace),
        "model": digest(model),
        "teacher": plan.teacher.identity() if plan.teacher is not None else None,
    }


def _result(
    fitted: Fitted,
    receipt: Receipt,
    task: Task,
    route: str,
    weights: int,
    told: dict[str, Any],
) -> Result:
    result = Result(
        model=fitted.model,
        receipt=receipt,
        route=route,
        task=task,
        score=fitted.score,
        reached=fitted.reached,
        steps=fitted.steps,
        density=fitted.density,
        weights=round(fitted.density * _weight_count(fitted.model)),
        history=fitted.history,
        **told,
    )
    receipt.scores["val"] = score_figure(result.score, "val")
    receipt.sizes.append(
        BeforeAfter(
            "weights",
            counted(weights, "weights", "the task's own model"),
            counted(result.weights, "weights", f"kept by the route {route!r}"),
        )
    )
    receipt.notes.append(f"Route {route}: {ROUTES[route].source}.")
    left = told_dense(fitted.model, prunable(fitted.model).values())
    if ROUTES[route].method is not None and left:
        receipt.notes.append(left)
    return result


def _ending(result: Result) -> dict[str, Any]:
    return {
        "score": result.score,
        "reached": result.reached,
        "steps": result.steps,
        "density": result.density,
        "weights": result.weights,
        "history": [dataclasses.asdict(step) for step in result.history],
    }


def _read_back(
    folder: Folder,
    ending: dict[str, Any],
    model: nn.Module,
    task: Task,
    route: str,
    told: dict[str, Any],
) -> Result:
    receipt = folder.result(model)
    history = [Step(**step) for step in ending.pop("history")]
    test = receipt.scores.get("test")
    return Result(
        model.eval(),
        receipt,
        route,
        task,
        history=history,
        test=test.value if test is not None else None,
        folder=folder.path,
        **ending,
        **told,
    )
