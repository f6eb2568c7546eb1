"""What the demo says while it works: a line a step, a bar on a terminal, nothing when quiet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tenth.fit import Step
from tenth.receipt import Receipt, render


class Telling:
    """Talks to a person at `console`."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._step = 0

    def begin(self, what: str) -> None:
        """A new part of the line."""
        self._step += 1
        self.console.print(f"[bold]{self._step}. {what}[/]", highlight=False)

    def say(self, sentence: str) -> None:
        """What came of it."""
        self.console.print(f"   {sentence}", highlight=False)

    def print(self, receipt: Receipt) -> None:
        """The receipt as a table."""
        if not self.console.quiet:
            render.show(render.receipt(receipt))

    @contextmanager
    def bar(self, total: int | None = None) -> Iterator[Callable[[str], None]]:
        """Give a function that moves a bar by one and says where the work stands."""
        columns = (TextColumn("  "), BarColumn(), TextColumn("{task.description}"))
        shown = self.console.is_terminal and not self.console.quiet
        with Progress(
            *columns, TimeElapsedColumn(), console=self.console, transient=True, disable=not shown
        ) as bars:
            bar = bars.add_task("", total=total)
            yield lambda where: bars.update(bar, advance=1, description=where)

    @contextmanager
    def steps(self) -> Iterator[Callable[[Step], None]]:
        """Give the callback of a training run."""
        with self.bar() as move:
            yield lambda step: move(f"step {step.step}, loss {step.loss:.4f}")
