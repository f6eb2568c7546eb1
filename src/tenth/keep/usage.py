"""What variants take, what they would take in full, and what the difference costs a year."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tenth.errors import InputError, StoreError, must
from tenth.figures import Figure, counted, human, product, unknown
from tenth.keep.index import manifest_key
from tenth.keep.manifest import Manifest, Piece, Record
from tenth.keep.packs import pack_key
from tenth.keep.refs import LostRef, Ref
from tenth.keep.shelf import Shelf

PRICE_USD = 0.023
PRICE_SOURCE = (
    "Amazon S3 Standard, US East (N. Virginia), first 50 TB a month, list price in 2025, "
    "https://aws.amazon.com/s3/pricing/"
)
_MONTHS = 12
_CENT = 0.01


@dataclass(frozen=True)
class Share:
    """What one name takes.

    Attributes:
        full_bytes: its files as they were put.
        stored_bytes: what it needs of the store, less what names that were put before need too.
        by_codec: of these, the bytes that each codec wrote.
        base: the name it was stored as a difference from, if any.
        lossy: of files that are not what was given: the method, and the measured relative error.
        problem: why nothing is known of it; its bytes count as 0 then.
    """

    name: str
    full_bytes: int
    stored_bytes: int
    by_codec: dict[str, int] = field(default_factory=dict)
    base: str | None = None
    lossy: tuple[str, float] | None = None
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {
            "name": self.name,
            "full_bytes": self.full_bytes,
            "stored_bytes": self.stored_bytes,
            "by_codec": self.by_codec,
            "base": self.base,
            "lossy": None if self.lossy is None else list(self.lossy),
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Usage:
    """What a store takes.

    Attributes:
        place_bytes: everything that lies in the place; more than the names need where older
            versions are kept, and where gc has something to do.
        rest_bytes: of these, what the names as they are do not need.
        bound_bytes: of these again, what lies in packs that they do need: gc deletes whole packs.
        saved_usd_per_year: the files in full minus the whole place, at the price.
        problems: of names that do not count, because what they need cannot be read.
    """

    shares: tuple[Share, ...]
    place_bytes: int
    rest_bytes: int
    bound_bytes: int
    price: Figure
    saved_usd_per_year: Figure
    problems: tuple[str, ...] = ()

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

    @property
    def saving(self) -> str:
        """The money between copies in full and the store, as a sentence."""
        saved = self.saved_usd_per_year
        if saved.value is None:
            return f"Nothing is saved: {saved.reason}."
        does, more = ("costs", " more") if saved.value < 0 else ("saves", "")
        left = " Names with a problem are left out." if self.problems else ""
        money = f"{_money(abs(saved.value))}{more} a year (modelled)"
        rate = f"{self.price.value} {self.price.unit} (given: {self.price.source})"
        return f"Against copies in full the store {does} {money} at {rate}.{left}"

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {
            "names": [share.to_json() for share in self.shares],
            "full_bytes": self.full_bytes,
            "stored_bytes": self.stored_bytes,
            "place_bytes": self.place_bytes,
            "rest_bytes": self.rest_bytes,
            "bound_bytes": self.bound_bytes,
            "by_codec": self.by_codec,
            "price": self.price.to_json(),
            "saved_usd_per_year": self.saved_usd_per_year.to_json(),
            "problems": list(self.problems),
        }


def _money(usd: float) -> str:
    """A sum as people read it; of less than a cent it is enough to know that it is.

    >>> _money(1234.5), _money(0.0123), _money(2e-7), _money(0)
    ('1,234 USD', '0.0123 USD', 'less than 0.01 USD', '0 USD')
    """
    return f"less than {_CENT} USD" if 0 < usd < _CENT else human(usd, "USD")


def price(usd_per_gb_month: float | None) -> Figure:
    """The price of storage: what the user pays, or that of a well-known place."""
    if usd_per_gb_month is None:
        return Figure(PRICE_USD, "USD/GB-month", label="given", source=PRICE_SOURCE)
    if not isinstance(usd_per_gb_month, int | float) or not 0 <= usd_per_gb_month < math.inf:
        raise InputError(must("price", "0 USD or more", repr(usd_per_gb_month)))
    return Figure(usd_per_gb_month, "USD/GB-month", label="given", source="--price")


def usage(shelf: Shelf, usd_per_gb_month: float | None = None) -> Usage:
    """What the names of a store take as they are now.

    Bytes that several names need count for the one that was put first. A name that cannot be read
    is told, and hides nothing else.

    Cost: reads each manifest once, and lists the place.
    """
    damaged: list[LostRef] = []
    refs = in_order(shelf.current(damaged=damaged))
    there = {entry.key: entry.size_bytes for entry in shelf.place.list("")}
    counting = Counting()
    packs: set[str] = set()
    shares: list[Share] = []
    for ref in refs:
        try:
            manifest = shelf.manifests.read(ref.manifest or "")
        except StoreError as error:
            shares.append(Share(ref.name, 0, 0, problem=str(error)))
            continue
        packs |= manifest.packs()
        shares.append(counting.share(ref.name, manifest, there.get(manifest_key(manifest.id), 0)))
    shares += [Share(lost.name, 0, 0, problem=str(lost)) for lost in damaged]
    place = sum(there.values())
    stored = sum(share.stored_bytes for share in shares)
    bound = sum(there.get(pack_key(pack), 0) for pack in packs) - counting.packed_bytes
    full = sum(share.full_bytes for share in shares)
    paid = price(usd_per_gb_month)
    return Usage(
        tuple(shares),
        place,
        max(0, place - stored),
        max(0, bound),
        paid,
        saved(full, place, paid),
        tuple(f"{share.name}: {share.problem}" for share in shares if share.problem),
    )


def in_order(refs: Iterable[Ref]) -> list[Ref]:
    """Names in the order they were put in: the first of several that share bytes has them."""
    return sorted(refs, key=lambda ref: (ref.time_seconds, ref.name))


def saved(full_bytes: int, place_bytes: int, paid: Figure) -> Figure:
    """Money a year between so many bytes and so many, at a price."""
    if not full_bytes:
        return unknown("USD/year", "no files are known that the store holds")
    gigabytes = counted((full_bytes - place_bytes) / 1e9, "GB", "files in full, less the store")
    months = counted(_MONTHS, "months/year", "the calendar")
    return product([gigabytes, paid, months], "USD/year", f"bytes saved, at {paid.source}")


class Counting:
    """Counts bytes of packs for the first name that needs them.

    By where they lie, not by the tensor they are: two names may hold one tensor in two ways.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[str, int]] = set()
        self.packed_bytes = 0

    def share(self, name: str, manifest: Manifest, manifest_bytes: int) -> Share:
        """What a name takes beside those counted before."""
        by_codec: dict[str, int] = {}
        stored = 0
        for record in manifest.records.values():
            stored += self.record(record, by_codec)
            if record.sketch is not None:
                stored += self._fresh(record.sketch.piece)
        if self._first((manifest.id, 0)):
            stored += manifest_bytes
        base = manifest.base[0] if manifest.base else None
        lossy = None if manifest.lossy is None else (manifest.lossy[0], manifest.lossy[1] / 1e9)
        return Share(name, manifest.full_bytes, stored, by_codec, base, lossy)

    def record(self, record: Record, by_codec: dict[str, int]) -> int:
        """Bytes of a tensor that were not counted before, its sketch aside."""
        stored = 0
        for chunk in record.chunks:
            size = 0 if chunk.piece is None else self._fresh(chunk.piece)
            by_codec[chunk.codec] = by_codec.get(chunk.codec, 0) + size
            stored += size
        for part in record.parts:
            if part.predictor is not None and part.predictor.piece is not None:
                stored += self._fresh(part.predictor.piece)
        return stored

    def _fresh(self, piece: Piece) -> int:
        if not self._first((piece.pack, piece.start)):
            return 0
        self.packed_bytes += piece.size
        return piece.size

    def _first(self, where: tuple[str, int]) -> bool:
        known = where in self._seen
        self._seen.add(where)
        return not known
