"""`tenth train`: a trained network by one route, with its receipt."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Density, Json, Out, Place, Seed, TaskFile
from tenth.cli.show import print_result, progress


def train(
    task: TaskFile,
    route: Annotated[
        str, typer.Option(help="dense, small, static, gradual, set, rigl or granet.")
    ] = "dense",
    density: Density = None,
    steps: Annotated[
        int | None, typer.Option(help="Longest run, in steps; default: what the task says.")
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="Stop when the score on val reaches this.")
    ] = None,
    teacher: Annotated[
        Path | None, typer.Option(help="Learn from this net too: the folder of an earlier run.")
    ] = None,
    place: Place = None,
    seed: Seed = 0,
    out: Out = Path("trained"),
    as_json: Json = False,
) -> None:
    """Train a task by one route, with a receipt.

    dense: all weights. small: a dense net with as few weights. static: a fixed
    random mask. gradual: remove the smallest weights on the way. set, rigl,
    granet: masks that move.

        tenth train examples/digits.py --route granet --density 0.1 --out digits

    Stopped by ctrl-C or a crash, the same command goes on from the last checkpoint in the folder.
    """
    from tenth.task import load
    from tenth.train import Settings, run

    loaded = load(task)
    settings = Settings(steps=steps, target=target, place=place)
    with progress(f"{loaded.name}: {route}") as on_step:
        result = run(
            loaded,
            route=route,
            density=density,
            seed=seed,
            out=out,
            settings=settings,
            on_step=on_step,
            teacher=teacher,
        )
    print_result(result.receipt, result.receipt.to_json, as_json)
