"""What a push or a pull did, told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from tenth.cli.show import print_result
from tenth.cli.variants.arguments import bar, many, size

if TYPE_CHECKING:
    from tenth.keep.streams import Progress
    from tenth.keep.transfer import Moved


def moved(move: Callable[[Progress | None], Moved], target: str, as_json: bool) -> None:
    """Move with a bar, and tell what was; exit code 1 if a name could not be moved."""
    with bar(shown=not as_json) as progress:
        done = move(progress)
    print_result(_lines(done, target), lambda: asdict(done), as_json)
    if done.lost:
        raise typer.Exit(1)


def _lines(moved: Moved, target: str) -> str:
    """As people read it."""
    return "\n".join(
        [
            *(f"{name}: now in {target}" for name in moved.names),
            *(f"{name}: unchanged" for name in moved.unchanged),
            *(f"{name}: not moved. {why}" for name, why in moved.lost.items()),
            f"{many(moved.packs, 'pack')} moved, {size(moved.moved_bytes)}; "
            f"{moved.kept_packs} were there",
        ]
    )
