"""Which stored bytes are not those that were stored, so that a put does not rely on them."""

from collections.abc import Iterable

from tenth.errors import DamagedError, MissingError
from tenth.keep.manifest import Piece, Record
from tenth.keep.packs import pack_key
from tenth.keep.places.folder import FolderPlace
from tenth.keep.shelf import Shelf
from tenth.keep.streams import Meter, Progress, Workers
from tenth.keep.values import Values


def damaged(
    shelf: Shelf,
    records: Iterable[Record],
    gone: set[str],
    workers: Workers,
    progress: Progress | None,
) -> set[Piece]:
    """Which pieces of records are not what was stored.

    A bucket answers for its bytes itself, and is not read whole for this.

    Args:
        shelf: the store.
        records: what is looked at; all of their bytes are read.
        gone: keys of packs that are not there, which are not looked at.
        workers: read.
        progress: told of the bytes.
    """
    if not isinstance(shelf.place, FolderPlace):
        return set()
    pieces = {piece for record in records for piece in record.pieces()}
    there = [piece for piece in pieces if pack_key(piece.pack) not in gone]
    meter = Meter(progress, "check what is held", sum(piece.size for piece in there))
    values = Values(shelf.packs, {})

    def looked(piece: Piece) -> Piece | None:
        try:
            values.piece(piece)
        except (DamagedError, MissingError):
            return piece
        finally:
            meter.add(piece.size)
        return None

    return {piece for piece in workers.in_order(looked, sorted(there)) if piece is not None}
