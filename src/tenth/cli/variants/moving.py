"""What a push or a pull did, told."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tenth.cli.variants.arguments import many, size

if TYPE_CHECKING:
    from tenth.keep.transfer import Moved


def lines(moved: Moved, target: str) -> str:
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


def form(moved: Moved) -> dict[str, Any]:
    """As JSON."""
    return asdict(moved)
