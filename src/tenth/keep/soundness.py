"""Which stored bytes are not those that were stored, so that a put does not rely on them."""

from collections.abc import Iterable, Iterator

from tenth.errors import DamagedError, MissingError
from tenth.keep.manifest import Piece, Record, check_of
from tenth.keep.packs import Span, pack_key
from tenth.keep.places.folder import FolderPlace
from tenth.keep.shelf import Shelf
from tenth.keep.streams import Meter, Progress, Workers

_TOGETHER = 4 << 20


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

    def looked(run: list[Piece]) -> list[Piece]:
        try:
            return _changed(shelf, run)
        except (DamagedError, MissingError):  # one of them ends behind its pack
            return [piece for piece in run if _lost(shelf, piece)]
        finally:
            meter.add(sum(piece.size for piece in run))

    return {piece for lost in workers.in_order(looked, _runs(sorted(there))) for piece in lost}


def _runs(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Sorted pieces, those that lie side by side together, up to a few MiB."""
    run: list[Piece] = []
    for piece in pieces:
        if run and (
            piece.pack != run[-1].pack
            or piece.start != run[-1].start + run[-1].size
            or piece.start + piece.size - run[0].start > _TOGETHER
        ):
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


def _changed(shelf: Shelf, run: list[Piece]) -> list[Piece]:
    first, last = run[0], run[-1]
    span = Span(first.pack, first.start, last.start + last.size - first.start)
    data = memoryview(shelf.packs.read(span))
    found = ((piece, data[piece.start - first.start :][: piece.size]) for piece in run)
    return [piece for piece, stored in found if check_of(stored) != piece.check]


def _lost(shelf: Shelf, piece: Piece) -> bool:
    try:
        return bool(_changed(shelf, [piece]))
    except (DamagedError, MissingError):
        return True
