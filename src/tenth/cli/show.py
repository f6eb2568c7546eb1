"""What a command prints: a table or one JSON object, and a progress bar on a terminal only."""

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
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("{task.fields[state]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(title, total=None, state="")

        def on_step(step: Any) -> None:
            score = "" if step.score is None else f"score {step.score:.4f} "
            state = f"loss {step.loss:.4f} {score}density {step.density:.3f}"
            bars.update(bar, completed=step.step, total=step.steps, state=state)

        yield on_step
