"""What several commands on variants share: arguments, a bar, tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tenth.figures import human

if TYPE_CHECKING:
    from tenth.keep import PutResult, Step
    from tenth.keep.lossy import LossyResult

PLACE = "tenth-store"

Where = Annotated[
    str,
    typer.Option(
        "--store",
        "-s",
        metavar="PLACE",
        envvar="TENTH_STORE",
        help="A folder, or s3://, gs://, az://bucket/path.",
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as task-a or team/task-a.")]
Version = Annotated[
    str, typer.Argument(metavar="NAME", help="Such as task-a, or task-a@3: its third version.")
]
Threads = Annotated[int | None, typer.Option(help="Default: one a processor.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what differs.")]


@contextmanager
def bar(*, shown: bool) -> Iterator[Callable[[Step], None] | None]:
    """Give what moves a bar of bytes, where `shown` and on a terminal; else None."""
    if not (shown and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as bars:
        tasks: dict[str, TaskID] = {}

        def on_step(step: Step) -> None:
            if step.doing not in tasks:
                tasks[step.doing] = bars.add_task(step.doing, total=None)
            bars.update(tasks[step.doing], completed=step.done, total=step.total)

        yield on_step


def many(count: int, thing: str) -> str:
    """A count and its noun."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def hours(count: float) -> str:
    """A time in hours."""
    return "1 hour" if count == 1 else f"{count:g} hours"


def size(count: int) -> str:
    """Bytes as people read them."""
    return human(count, "bytes")


def ratio(full: int, stored: int) -> str:
    """How many times smaller."""
    return f"{full / stored:.2f}x" if stored else "all shared" if full else "empty"


def table(rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """Rows in columns, the first row a heading; `right` are the columns of numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    numbers = set(right)
    lines = (
        "  ".join(
            text.rjust(width) if column in numbers else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def nearness(result: LossyResult) -> str:
    """How near a lossy variant is to what was given, as a line of its own."""
    return (
        f"\nLOSSY ({result.method}): {result.matrices} matrices are near what was given, not "
        f"equal: measured error {result.relative_error:.2%} of the weights, "
        f"{result.kept:.0%} of the differences' energy kept"
    )


def told(result: PutResult) -> str:
    """What a put or a rebase did, in a few lines."""
    lines = [
        f"{result.name}: version {result.generation}, {many(result.files, 'file')}, "
        f"{size(result.full_bytes)} in full; the store grew by {size(result.added_bytes)}"
        f" ({ratio(result.full_bytes, result.added_bytes)})"
    ]
    basis = result.basis
    if result.held_bytes == result.full_bytes:
        lines.append(f"base: {basis.name or 'none'}; every byte was in the store already")
    elif basis.name is not None:
        how = {"declared": "as declared", "found": "found by its weights"}[basis.how]
        lines.append(
            f"base: {basis.name}, {how}; foreseen {basis.bits[0]:.2f} bits a number instead of "
            f"{basis.bits[1]:.2f}"
        )
    else:
        lines.append("base: none" + (", nothing in the store is near" if basis.bits[1] else ""))
    if 0 < result.held_bytes < result.full_bytes:
        lines.append(f"already in the store: {size(result.held_bytes)}")
    if result.codecs:
        made = sorted(result.codecs.items(), key=lambda item: -item[1].raw_bytes)
        lines.append(
            "codecs: "
            + ", ".join(
                f"{name} {size(tally.raw_bytes)} to {size(tally.stored_bytes)}"
                for name, tally in made
            )
        )
    return "\n".join([*lines, *(f"note: {warning}" for warning in result.warnings)])
