"""Whole objects in bounded memory, and the sizes of many."""

from collections.abc import Iterable, Iterator

from blake3 import blake3

from tenth.keep.places.folder import FolderPlace
from tenth.keep.places.place import Place

_STEP = 4 << 20
_MANY = 64


def pieces(place: Place, key: str) -> Iterator[bytes]:
    """An object from its first byte to its last, at most 4 MiB at a time.

    Raises:
        MissingError: it is not there.
        DamagedError: it became shorter meanwhile.
    """
    size = place.size(key)
    if size is None:
        yield place.read(key)  # says that it is missing
        return
    for start in range(0, size, _STEP):
        yield place.read(key, start, min(_STEP, size - start))


def hashed(place: Place, key: str) -> str:
    """The BLAKE3 of an object, in hex, read from the place.

    Raises:
        MissingError: it is not there.
    """
    digest = blake3()
    for piece in pieces(place, key):
        digest.update(piece)
    return digest.hexdigest()


def sizes(place: Place, keys: Iterable[str]) -> dict[str, int]:
    """The bytes of those of `keys` that are there; in a bucket many are looked up by listing."""
    wanted = set(keys)
    if len(wanted) <= _MANY or isinstance(place, FolderPlace):
        found = {key: place.size(key) for key in wanted}
        return {key: size for key, size in found.items() if size is not None}
    return {
        entry.key: entry.size_bytes
        for top in {key.partition("/")[0] for key in wanted}
        for entry in place.list(f"{top}/")
        if entry.key in wanted and entry.size_bytes
    }
