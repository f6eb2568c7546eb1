"""Names from one store to another: nearest names where one is not known, and progress in steps."""

from collections.abc import Iterable

from tenth.keep import strict, transfer
from tenth.keep.shelf import Shelf
from tenth.keep.streams import Progress, Step
from tenth.keep.transfer import Moved


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
        names: which; None: all but those of interrupted puts.
        force: overwrite names that changed in the target.
        progress: told of every step.

    Raises:
        MissingError: there is no such name.
        ConflictError: a name has changed in the target.
    """
    wanted = source.names() if names is None else [source.ref(name).name for name in names]

    def told(done: int, total: int) -> None:
        if progress is not None:
            progress(Step("move", done, total))

    return transfer.copy(
        source.place,
        target.place,
        wanted,
        lambda data: strict.decode(data).packs(),
        force=force,
        progress=told,
    )
