"""What an interrupted put had stored, and the put that uses it."""

from collections.abc import Iterable
from contextlib import suppress

from tenth.errors import ConflictError, StoreError
from tenth.figures import human
from tenth.keep import refs
from tenth.keep.manifest import Record
from tenth.keep.packs import pack_key
from tenth.keep.shelf import UNFINISHED, Shelf


def wasteful(shelf: Shelf, name: str, held: Iterable[Record]) -> set[str]:
    """Keys of packs of an interrupted put of which less than half is of use to this one.

    A pack stays as long as anything of it is needed, with a tensor that was not ended, or of
    another model. What is of use of one of these is written anew, so that gc can have the rest.
    """
    packs = _packs(shelf, name)
    used: dict[str, int] = {}
    for piece in {piece for record in held for piece in record.pieces()}:
        key = pack_key(piece.pack)
        used[key] = used.get(key, 0) + piece.size
    return {key for key in packs & used.keys() if (shelf.place.size(key) or 0) > 2 * used[key]}


def finish(shelf: Shelf, name: str, held: Iterable[Record]) -> int:
    """Forget what an interrupted put of a name had stored; gives the bytes of its packs in use.

    Args:
        shelf: the store.
        name: that was put now, as a whole.
        held: the records of tensors that this put found in the store.
    """
    if not refs.standing(shelf.place, UNFINISHED + name):
        return 0
    needed = {pack_key(piece.pack) for record in held for piece in record.pieces()}
    used = sum(shelf.place.size(key) or 0 for key in _packs(shelf, name) if key in needed)
    with suppress(ConflictError):
        refs.remove(shelf.place, UNFINISHED + name)
    return used


def note(used: int) -> tuple[str, ...]:
    """What a user is told of them."""
    if not used:
        return ()
    return (
        f"of what the store grew by, {human(used, 'bytes')} are from the put that was stopped.",
    )


def _packs(shelf: Shelf, name: str) -> set[str]:
    """Keys of the packs that an interrupted put wrote; its bases are in others."""
    try:
        left = shelf.manifest(UNFINISHED + name)
    except StoreError:  # there was none, or it is damaged and of no use
        return set()
    bases = {base for record in left.records.values() for base in record.bases}
    theirs = {piece.pack for base in bases for piece in left.records[base].pieces()}
    return {pack_key(pack) for pack in left.packs() - theirs}
