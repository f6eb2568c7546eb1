"""What a command prints: a table or one JSON object, and a bar with curves on a terminal only."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def print_result(result: Any, form: Callable[[], dict[str, Any]], as_json: bool) -> None:
    """Print `result` as people read it, or `form()` as one JSON object."""
    print(json.dumps(form(), indent=2) if as_json else result)


@contextmanager
def progress(title: str, *, shown: bool = True) -> Iterator[Callable[[Any], None]]:
    """Give an `on_step` callback that moves a bar, where `shown` and on a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield lambda step: None
        return
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from tenth.cli.curves import Curves

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    curves, bars = Curves(), Progress(*columns, expand=True)
    bar = bars.add_task(title, total=None)

    def on_step(step: Any) -> None:
        curves.take(step)
        bars.update(bar, completed=step.step, total=step.steps)

    with Live(Group(bars, curves), console=Console(stderr=True), transient=True):
        yield on_step
