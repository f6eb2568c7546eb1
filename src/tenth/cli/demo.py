"""`tenth demo`: the whole line on Conway's Game of Life."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json, Place, Seed


def demo(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder of the results. [default: tenth-demo, life-study]"
        ),
    ] = None,
    study: Annotated[
        bool, typer.Option("--study", help="Repeat the paper's success curve instead (minutes).")
    ] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Nets an arm (demo: 8) or a cell (study: 64).")
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=0, help="Time for the two-step part of the study.")
    ] = 10,
    place: Place = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Run the whole line on Conway's Game of Life.

    A net with sixteen times the filters it needs is trained until it is right on all 512
    neighbourhoods, shrunk to 10 % of its weights, still right on all of them, compiled to C and run
    for 1,000 generations of a glider gun. Beside it, small nets are trained alone, several times
    each, to see what that costs and how often it works.

        tenth demo --out life

        tenth demo --study --out life-study
    """
    if study:
        _study(out or Path("life-study"), seeds or 64, 60 * minutes, seed, as_json)
        return
    from tenth.demo.line import run

    receipt = run(
        out or Path("tenth-demo"), seeds=seeds or 8, seed=seed, place=place, quiet=as_json
    )
    if as_json:
        print(json.dumps(receipt.to_json(), indent=1))


def _study(out: Path, seeds: int, budget_seconds: float, seed: int, as_json: bool) -> None:
    from rich.console import Console

    from tenth.demo.study import study

    console = Console(stderr=True)
    with console.status("") as status:
        result = study(
            out,
            seeds=seeds,
            seed=seed,
            budget_seconds=budget_seconds,
            on_cell=lambda cell: status.update(f"n = {cell.n}, m = {cell.m}: {cell.nets} nets"),
        )
    if as_json:
        print(json.dumps(result.to_json(), indent=1))
        return
    page = Console()
    page.print(result.table())
    for note in result.notes():
        page.print(f"- {note}", highlight=False)
    page.print(f"Picture: {out / 'study.svg'}", highlight=False)
