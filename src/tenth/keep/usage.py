"""What variants take, what they would take in full, and what the difference costs a year."""

from dataclasses import dataclass, field
from typing import Any

from tenth.figures import Figure, counted, product, unknown
from tenth.keep.index import Manifests
from tenth.keep.manifest import Piece, Record
from tenth.keep.refs import Ref
from tenth.keep.shelf import Shelf

PRICE_USD = 0.023
PRICE_SOURCE = (
    "Amazon S3 Standard, US East (N. Virginia), first 50 TB a month, list price in 2025, "
    "https://aws.amazon.com/s3/pricing/"
)
_MONTHS = 12


@dataclass(frozen=True)
class Share:
    """What one name takes.

    Attributes:
        full_bytes: its files as they were put.
        stored_bytes: what it alone added to those put before it.
        by_codec: of these, the bytes that each codec wrote.
        base: the name it was stored as a difference from, if any.
        lossy: of files that are not what was given: the method, and the measured relative error.
    """

    name: str
    full_bytes: int
    stored_bytes: int
    by_codec: dict[str, int] = field(default_factory=dict)
    base: str | None = None
    lossy: tuple[str, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {
            "name": self.name,
            "full_bytes": self.full_bytes,
            "stored_bytes": self.stored_bytes,
            "by_codec": self.by_codec,
            "base": self.base,
            "lossy": None if self.lossy is None else list(self.lossy),
        }


@dataclass(frozen=True)
class Usage:
    """What a store takes.

    Attributes:
        place_bytes: everything that lies in the place; more than the names need where older
            versions are kept, and where gc has something to do.
        rest_bytes: of these, what the names as they are do not need.
        saved_usd_per_year: the files in full minus the whole place, at the price.
    """

    shares: tuple[Share, ...]
    place_bytes: int
    rest_bytes: int
    price: Figure
    saved_usd_per_year: Figure

    @property
    def full_bytes(self) -> int:
        """The files of all names in full."""
        return sum(share.full_bytes for share in self.shares)

    @property
    def stored_bytes(self) -> int:
        """What the names need of the store."""
        return sum(share.stored_bytes for share in self.shares)

    @property
    def by_codec(self) -> dict[str, int]:
        """Bytes that each codec wrote, the most first."""
        found: dict[str, int] = {}
        for share in self.shares:
            for codec, size in share.by_codec.items():
                found[codec] = found.get(codec, 0) + size
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {
            "names": [share.to_json() for share in self.shares],
            "full_bytes": self.full_bytes,
            "stored_bytes": self.stored_bytes,
            "place_bytes": self.place_bytes,
            "rest_bytes": self.rest_bytes,
            "by_codec": self.by_codec,
            "price": self.price.to_json(),
            "saved_usd_per_year": self.saved_usd_per_year.to_json(),
        }


def price(usd_per_gb_month: float | None) -> Figure:
    """The price of storage: what the user pays, or that of a well-known place."""
    if usd_per_gb_month is None:
        return Figure(PRICE_USD, "USD/GB-month", label="given", source=PRICE_SOURCE)
    return Figure(usd_per_gb_month, "USD/GB-month", label="given", source="--price")


def usage(shelf: Shelf, usd_per_gb_month: float | None = None) -> Usage:
    """What the names of a store take as they are now.

    A tensor that several names need counts for the one that was put first.

    Cost: reads each manifest once, and lists the place.
    """
    refs = sorted(shelf.current(), key=lambda ref: (ref.time_seconds, ref.name))
    counter = _Counter(shelf.manifests)
    shares = tuple(counter.share(ref) for ref in refs)
    place = sum(entry.size_bytes for entry in shelf.place.list(""))
    stored = sum(share.stored_bytes for share in shares)
    full = sum(share.full_bytes for share in shares)
    paid = price(usd_per_gb_month)
    return Usage(shares, place, max(0, place - stored), paid, saved(full, place, paid))


def saved(full_bytes: int, place_bytes: int, paid: Figure) -> Figure:
    """Money a year between so many bytes and so many, at a price."""
    if not full_bytes:
        return unknown("USD/year", "the store is empty")
    gigabytes = counted((full_bytes - place_bytes) / 1e9, "GB", "files in full, less the store")
    months = counted(_MONTHS, "months/year", "the calendar")
    return product([gigabytes, paid, months], "USD/year", f"bytes saved, at {paid.source}")


class _Counter:
    """Counts tensors for the first name that needs them."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests
        self._seen: set[str | Piece] = set()

    def share(self, ref: Ref) -> Share:
        assert ref.manifest is not None
        manifest = self._manifests.read(ref.manifest)
        by_codec: dict[str, int] = {}
        stored = 0
        for tensor_id, record in manifest.records.items():
            if self._first(tensor_id):
                stored += self._record(record, by_codec)
            if record.sketch is not None and self._first(record.sketch.piece):
                stored += record.sketch.piece.size
        if self._first(ref.manifest):
            stored += self._manifests.size(ref.manifest)
        base = manifest.base[0] if manifest.base else None
        lossy = None if manifest.lossy is None else (manifest.lossy[0], manifest.lossy[1] / 1e9)
        return Share(ref.name, manifest.full_bytes, stored, by_codec, base, lossy)

    def _first(self, thing: str | Piece) -> bool:
        known = thing in self._seen
        self._seen.add(thing)
        return not known

    @staticmethod
    def _record(record: Record, by_codec: dict[str, int]) -> int:
        for chunk in record.chunks:
            size = 0 if chunk.piece is None else chunk.piece.size
            by_codec[chunk.codec] = by_codec.get(chunk.codec, 0) + size
        return record.stored_bytes
