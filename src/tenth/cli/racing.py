"""`tenth train --race`: many routes under one stopping rule, with a verdict."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tenth.cli.show import print_result
from tenth.errors import InputError, must

RACING = "Race"

Race = Annotated[
    bool,
    typer.Option(
        "--race", help="Race routes instead, and say which is cheapest.", rich_help_panel=RACING
    ),
]
Arms = Annotated[
    str | None,
    typer.Option(metavar="ROUTE,…", help="What races; dense always does.", rich_help_panel=RACING),
]
Margin = Annotated[
    float,
    typer.Option(help="How much of the score may be lost, in its unit.", rich_help_panel=RACING),
]
Seeds = Annotated[
    int,
    typer.Option(
        help="Runs of each arm in the verdict, paired: at least 5.", rich_help_panel=RACING
    ),
]
Trials = Annotated[
    int, typer.Option(help="Learning rates that each arm tries.", rich_help_panel=RACING)
]
Restarts = Annotated[
    int | None,
    typer.Option(
        help="Times a run that failed or missed the target is tried again, at its own cost; "
        "default: 4 where there is a target, else 0.",
        rich_help_panel=RACING,
    ),
]
BudgetFlops = Annotated[
    float | None,
    typer.Option(help="What one run may cost, in place of steps.", rich_help_panel=RACING),
]
BudgetSeconds = Annotated[
    float | None, typer.Option(help="The same, by the clock.", rich_help_panel=RACING)
]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Processes; default: as many as there are processors, or have --threads each.",
        rich_help_panel=RACING,
    ),
]


class By(StrEnum):
    """The cost that the winner has least of."""

    seconds = "seconds"
    flops = "flops"
    executed = "executed"
    energy = "energy"
    price = "price"


class Where(StrEnum):
    """What runs the jobs."""

    processes = "processes"
    ray = "ray"


ByCost = Annotated[By, typer.Option(help="What the winner is cheapest by.", rich_help_panel=RACING)]
Engine = Annotated[
    Where, typer.Option(help="Local processes, or a Ray cluster.", rich_help_panel=RACING)
]


def race(
    task: Path,
    arms: Any,
    terms: dict[str, Any],
    settings: dict[str, Any],
    engine: Any,
    seed: int,
    out: Path,
    as_json: bool,
) -> int:
    """Race and print the verdict; the exit code: 0 if an arm other than dense may win."""
    from tenth.train import Settings
    from tenth.train import race as race_of

    with progress(task.stem) as on_job:
        verdict = race_of(
            task,
            arms,
            **terms,
            seed=seed,
            settings=Settings(**settings),
            out=out,
            engine=engine,
            on_job=on_job,
            on_plan=lambda forecast: print(f"{task.stem}: {forecast}", file=sys.stderr, flush=True),
        )
    print_result(verdict, verdict.to_json, as_json)
    return 0 if verdict.winner is not None and verdict.shown else 1


def arms_of(
    names: str | None, density: float | None, made_earlier: Mapping[str, Path | None], task: Path
) -> Any:
    """The arms that the words of the command line name, with the same teacher and parent."""
    from dataclasses import replace

    from tenth.task import load
    from tenth.train.race import default_arms, named
    from tenth.train.race.arms import A_TENTH

    kept = A_TENTH if density is None else density
    given = [name.strip() for name in (names or "").split(",") if name.strip()]
    arms = named(given, kept) if given else default_arms(load(task), kept)
    return [replace(arm, **made_earlier) for arm in arms]


def engine_of(where: Where, workers: int | None, threads: int | None) -> Any:
    """The engine of this name; each of its processes has so many threads."""
    if where is Where.ray:
        from tenth.adapters.ray import Ray

        return Ray(threads=1 if threads is None else threads)
    from tenth.train.race import Processes

    return Processes(workers, threads)


def check_options(context: typer.Context, *, raced: bool) -> None:
    """See that every option has something to say to.

    Raises:
        InputError: an option of a race without one, or of a single run with a race.
    """
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE":
            continue
        word = option.opts[-1]
        if not raced and getattr(option, "rich_help_panel", None) == RACING and name != "race":
            raise InputError(must(word, "left out without --race", word, "Add --race."))
        if raced and name == "route":
            raise InputError(must(word, "left out with --race", word, "Name routes with --arms."))


def budget_of(flops: float | None, seconds: float | None) -> Any:
    """The budget that was asked for; None if none was."""
    from tenth.train.race import Budget

    return None if flops is None and seconds is None else Budget(flops, seconds)


@contextmanager
def progress(title: str) -> Iterator[Callable[[Any, Any], None] | None]:
    """Give an `on_job` callback that moves a bar for each job on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        shown: dict[str, Any] = {}

        def on_job(job: Any, step: Any) -> None:
            if step is None:  # it ended
                if job.name in shown:
                    bars.remove_task(shown.pop(job.name))
                return
            if job.name not in shown:
                shown[job.name] = bars.add_task(f"{title}: {job.name}", total=step.steps, state="")
            score = "" if step.score is None else f"score {step.score:.4f}"
            bars.update(shown[job.name], completed=step.step, state=f"loss {step.loss:.4f} {score}")

        yield on_job
