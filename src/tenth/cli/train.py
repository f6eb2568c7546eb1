"""`tenth train`: a trained network by one route, with its receipt."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from tenth.cli import racing
from tenth.cli.options import Json, Out, Place, Seed, TaskFile
from tenth.cli.show import print_result, progress


def train(
    context: typer.Context,
    task: TaskFile,
    route: Annotated[str, typer.Option(help="One of those above.")] = "dense",
    density: Annotated[
        float | None,
        typer.Option(
            help="Fraction of the weights kept, in (0, 1); default: 0.1, a tenth, for every route "
            "but dense."
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Longest run, in steps; default: what the task says.")
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(help="Stop when the score on val reaches this; default: what the task says."),
    ] = None,
    teacher: Annotated[
        Path | None, typer.Option(help="Learn from this net too: the folder of an earlier run.")
    ] = None,
    parent: Annotated[
        Path | None,
        typer.Option(
            help="Begin from a trained net of the same build and any size: its run's folder."
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            help="Threads of torch, in a race of each process; default: one for each 100 MFLOP of "
            "a step, at most one a processor."
        ),
    ] = None,
    place: Place = None,
    seed: Seed = 0,
    out: Out = Path("trained"),
    as_json: Json = False,
    race: racing.Race = False,
    arms: racing.Arms = None,
    margin: racing.Margin = 0.01,
    seeds: racing.Seeds = 14,
    trials: racing.Trials = 4,
    restarts: racing.Restarts = None,
    by: racing.ByCost = racing.By.seconds,
    budget_flops: racing.BudgetFlops = None,
    budget_seconds: racing.BudgetSeconds = None,
    engine: racing.Engine = racing.Where.processes,
    workers: racing.Workers = None,
) -> None:
    """Train a task by one route, or race routes, with a receipt.

    dense: all weights. small: a dense net with as few weights. static: a fixed
    random mask. gradual: remove the smallest weights on the way. set, rigl,
    rigl-itop, granet: masks that move. acdc: dense and sparse by turns. lottery,
    lottery-lr: many trainings, each with fewer weights. early-bird: whole
    channels, drawn early. More in docs/routes.md.

    Controls, for comparison and not to be taken: snip, grasp, synflow (masks
    chosen before the first step), each also with -shuffled behind it.

        tenth train examples/digits.py --route granet --density 0.1 --out digits

    Which route? Race them: every arm gets the same trials of its learning rate and the same seeds,
    and all that is run is paid for. The verdict says which arms lose no more than the margin
    against a tuned dense net, and which of those cost least. Exit code 1: none but dense.

        tenth train examples/life.py --race --arms small,granet --by flops --out race

    Stopped by ctrl-C or a crash, the same command goes on from the last checkpoint in the folder.

    On several processes: torchrun --nproc-per-node 2 -m tenth train TASK.py ...
    """
    racing.check_options(context, raced=race)
    if race:
        terms = {"margin": margin, "seeds": seeds, "trials": trials, "restarts": restarts}
        terms |= {"by": by.value, "budget": racing.budget_of(budget_flops, budget_seconds)}
        made_earlier = {"teacher": teacher, "parent": parent}
        lined = racing.arms_of(arms, density, made_earlier, task)
        run_settings = {"steps": steps, "target": target, "place": place}
        run_settings["threads"] = "auto" if threads is None else None
        where = racing.engine_of(engine, workers, threads)
        code = racing.race(task, lined, terms, run_settings, where, seed, out, as_json)
        gc.freeze()
        raise typer.Exit(code)
    from tenth.fit import ranks
    from tenth.task import load
    from tenth.train import Settings, run

    ranks.join()
    loaded = ranks.together(lambda: load(task))
    given = {"steps": steps, "target": target, "place": place}
    settings = ranks.together(
        lambda: Settings(**given, threads="auto" if threads is None else threads)
    )
    with progress(f"{loaded.name}: {route}", shown=ranks.first()) as on_step:
        result = run(
            loaded,
            route=route,
            density=density,
            seed=seed,
            out=out,
            settings=settings,
            on_step=on_step,
            teacher=teacher,
            parent=parent,
        )
    if ranks.first():
        print_result(result.receipt, result.receipt.to_json, as_json)
    # the last collection of garbage looks at all of torch: a second, on a busy machine many
    gc.freeze()
