"""Places: where the objects of a store lie, a folder or a bucket."""

from tenth.keep.places.keys import checked_key, checked_prefix
from tenth.keep.places.opening import MARKER, VERSION, open_place
from tenth.keep.places.place import Entry, Place
from tenth.keep.places.whole import hashed, pieces, sizes

__all__ = [
    "MARKER",
    "VERSION",
    "Entry",
    "Place",
    "checked_key",
    "checked_prefix",
    "hashed",
    "open_place",
    "pieces",
    "sizes",
]
