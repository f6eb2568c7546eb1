"""What an interrupted put had stored, and the put that uses it."""

from collections.abc import Mapping
from contextlib import suppress

from tenth.errors import ConflictError, StoreError
from tenth.figures import human
from tenth.keep import refs
from tenth.keep.manifest import Manifest, Record
from tenth.keep.shelf import UNFINISHED, Shelf


def finish(shelf: Shelf, name: str, held: Mapping[str, Record]) -> int:
    """Forget what an interrupted put of a name had stored; gives how many bytes of it were used.

    Args:
        shelf: the store.
        name: that was put now, as a whole.
        held: the records of tensors that this put found in the store.
    """
    left = UNFINISHED + name
    if not refs.standing(shelf.place, left):
        return 0
    used = 0
    with suppress(StoreError):  # a damaged one was of no use
        used = _used(shelf.manifest(left), held)
    with suppress(ConflictError):
        refs.remove(shelf.place, left)
    return used


def note(used: int) -> tuple[str, ...]:
    """What a user is told of them."""
    if not used:
        return ()
    return (
        f"of what the store grew by, {human(used, 'bytes')} are from the put that was stopped.",
    )


def _used(left: Manifest, held: Mapping[str, Record]) -> int:
    """Bytes of the tensors that it had written itself: those that no other is a difference from."""
    bases = {base for record in left.records.values() for base in record.bases}
    pieces = set()
    for tensor_id, record in left.records.items():
        if tensor_id not in bases and held.get(tensor_id) == record:
            pieces.update(record.pieces())
            if record.sketch is not None:
                pieces.add(record.sketch.piece)
    return sum(piece.size for piece in pieces)
