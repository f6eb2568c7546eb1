"""Where `tenth ship` and its bench stand, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenth.ship.progress import Step


@contextmanager
def progress(first: str, *, alive: bool = True) -> Iterator[Callable[[Step], None]]:
    """Give an `on_step` callback that shows what is done now; `first` is shown until it is called.

    alive: whether the clock on the line runs by itself. Without, the line is drawn when a step is
    told and never in between, so that it takes no time from what is timed.
    """
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[parts]}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, auto_refresh=alive) as bars:
        task = bars.add_task(first, total=None, parts="")
        bars.refresh()

        def on_step(step: Step) -> None:
            parts = f"{step.done}/{step.total}" if step.total else ""
            total = step.total or None
            bars.update(task, description=step.doing, completed=step.done, total=total, parts=parts)
            bars.refresh()

        yield on_step
