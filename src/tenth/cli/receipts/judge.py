"""`tenth receipt judge`: whether another tool's work saved anything."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result

_KINDS = "safetensors, torch, ONNX, or a folder of one model."
Task = Annotated[
    Path | None, typer.Option(metavar="TASK.py", help="Scores both, and runs weights alone.")
]


def judge(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help=_KINDS)],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help=_KINDS)],
    task: Task = None,
    after_task: Annotated[
        Path | None,
        typer.Option(metavar="TASK.py", help="The task of AFTER, if its model is another one."),
    ] = None,
    threads: Annotated[int, typer.Option(help="Both run on so many threads.")] = 1,
    as_json: Json = False,
) -> None:
    """Hold a model that any tool made against the one before.

    Bytes, zeros and how they stand, time here by turns, score by the task: and a plain verdict
    where nothing was saved.
    """
    from tenth.adapters.judge import judge as decide

    tasks = [None, None]
    if task is not None or after_task is not None:
        from tenth.task import load

        tasks = [path and load(path) for path in (task, after_task)]
    judged = decide(before, after, task=tasks[0], after_task=tasks[1], threads=threads)
    print_result(judged, judged.to_json, as_json)
