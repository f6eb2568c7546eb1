"""Names from one store to another: nearest names where one is not known, and progress in steps."""

from collections.abc import Iterable
from dataclasses import replace

from tenth.errors import DamagedError
from tenth.keep import strict, transfer
from tenth.keep.refs import LostRef
from tenth.keep.shelf import Shelf
from tenth.keep.streams import Progress, Step
from tenth.keep.transfer import Moved


class LostNames(DamagedError):
    """All names were moved but `names`, which are damaged in the source: name to reason."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        super().__init__(" ".join(f"{name} was not moved: {why}" for name, why in names.items()))


def move(
    source: Shelf,
    target: Shelf,
    names: Iterable[str] | None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Moved:
    """Bring names to another store, only what it lacks (see `transfer.copy`).

    Args:
        source: where they are.
        target: where they go.
        names: which; None: all but those of interrupted puts, and those that are damaged in the
            source, which `Moved.lost` tells.
        force: overwrite names that changed in the target.
        progress: told of every step.

    Raises:
        MissingError: there is no such name.
        ConflictError: a name has changed in the target.
    """
    damaged: list[LostRef] = []
    if names is None:
        wanted = [ref.name for ref in source.current(damaged=damaged)]
    else:
        wanted = [source.ref(name).name for name in names]

    def told(done: int, total: int) -> None:
        if progress is not None:
            progress(Step("move", done, total))

    moved = transfer.copy(
        source.place,
        target.place,
        wanted,
        lambda data: strict.decode(data).packs(),
        force=force,
        progress=told,
    )
    return replace(moved, lost={one.name: str(one) for one in damaged})
