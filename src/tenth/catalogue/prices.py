"""What an hour of a device costs, by seller, tier and date.

Tiers: `low` (marketplaces, spare capacity), `typical` (specialised clouds), `hyperscaler` (list
price on demand). Prices move; a row is true of its date alone.
"""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Literal, get_args

from tenth.catalogue import devices, own
from tenth.catalogue.devices import GENERIC, HERE, Device
from tenth.catalogue.tables import rows
from tenth.errors import FormatError, InputError, must
from tenth.figures import Figure, unknown

Tier = Literal["low", "typical", "hyperscaler"]
TIERS: tuple[Tier, ...] = get_args(Tier)
PER = ("accelerator", "vcpu", "vm")
_STALE_DAYS = 365


def today() -> Date:
    """The day of this machine's clock, against which the age of a price is told."""
    return Date.today()


@dataclass(frozen=True)
class Price:
    """One row: USD an hour `per` accelerator, vcpu or vm; what is not known of it is empty."""

    device: str
    tier: str
    usd_per_hour: float
    per: str
    seller: str
    date: str
    source: str

    def __str__(self) -> str:
        seller = self.seller or "seller not named"
        unit = "USD/h" if self.per == "accelerator" else f"USD/h a {self.per}"
        return f"{self.usd_per_hour:g} {unit}, {seller}, {self.date or 'undated'} ({self.source})"

    @property
    def age(self) -> str:
        """What to say of its age: nothing, that it is over a year old, or that it has no date."""
        if not self.date:
            return "undated"
        return "over a year old" if (today() - _last_day(self.date)).days > _STALE_DAYS else ""


def read(path: str | Path, mine: Sequence[Device] = ()) -> tuple[Price, ...]:
    """The prices of a user's own table: CSV with device, tier, usd_per_hour and date.

    Also `per` (accelerator if left out, vcpu or vm), seller and source. `mine` are the user's own
    devices, which may be priced too.

    Raises:
        FormatError: anything that is not understood; the message names the line.
        InputError: a device that is in neither table.
    """
    found: dict[tuple[str, str], Price] = {}
    columns = ("device", "tier", "usd_per_hour", "date")
    for row in own.read(path, columns, ("per", "seller", "source")):
        tier = own.word(row, "tier", TIERS)
        per = own.word({**row, "per": row["per"] or PER[0]}, "per", PER)
        name = devices.find(row["device"], mine).name
        if (name, tier) in found:
            rule = "of a device and tier of its own"
            raise FormatError(must(row["line"], rule, f"{name}, {tier} once more"))
        usd = own.number(row, "usd_per_hour") or 0.0
        source = row["source"] or Path(path).name
        found[name, tier] = Price(name, tier, usd, per, row["seller"], _day(row), source)
    return tuple(sorted(found.values(), key=lambda price: TIERS.index(price.tier)))


def _day(row: devices.Row) -> str:
    try:
        if (
            re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", row["date"])
            and _first_day(row["date"]) <= today()
        ):
            return row["date"]
    except ValueError:
        pass
    rule = "a day, month or year that has begun, as 2026-09-17, 2026-09 or 2026"
    raise FormatError(must(f"date in {row['line']}", rule, repr(row["date"])))


def _first_day(text: str) -> Date:
    year, month, day = (*map(int, text.split("-")), 1, 1)[:3]
    return Date(year, month, day)


def _last_day(text: str) -> Date:
    first, parts = _first_day(text), text.count("-")
    month = first.month if parts else 12
    day = first.day if parts == 2 else calendar.monthrange(first.year, month)[1]
    return Date(first.year, month, day)


def of(device: str | Device, mine: Sequence[Price] = ()) -> tuple[Price, ...]:
    """The price rows of a device, cheapest tier first; none where nobody rents it out.

    This machine is priced as the generic virtual machine. Rows of `mine`, the user's own, replace
    all of the catalogue's for the devices that they price.
    """
    name = _device(device).name
    own_rows = tuple(price for price in mine if price.device == name)
    if own_rows:
        return own_rows
    name = GENERIC if name == HERE else name
    return tuple(
        Price(**{**row, "usd_per_hour": float(row["usd_per_hour"])})
        for row in rows("prices")
        if row["device"] == name
    )


def per_hour(device: str | Device, tier: str | None = None, mine: Sequence[Price] = ()) -> Figure:
    """USD for one hour of one whole device.

    Without a tier: the typical price, with the cheapest and the dearest row as the interval. The
    source says so where the row is over a year old, or has no date.

    Raises:
        InputError: no such tier.
    """
    if tier is not None and tier not in TIERS:
        raise InputError(must("price tier", "one of " + ", ".join(TIERS), repr(tier)))
    device = _device(device)
    found = of(device, mine)
    chosen = [p for p in found if p.tier == (tier or "typical")]
    if tier is None and not chosen:
        chosen = list(found[:1])
    if not chosen:
        word = f"{tier} price" if found else "price"
        return unknown("USD/h", f"the catalogue has no {word} of {device.called}; give one")
    price, share = chosen[0], _share(chosen[0], device)
    span = [price] if tier else found
    low, high = (bound(p.usd_per_hour for p in span) * share for bound in (min, max))
    age = f", {price.age}" if price.age == "over a year old" else ""
    times = "" if share == 1 else f", × {share:g} for {device.threads or 1} threads"
    source = f"table: {price.tier} {price}{age}{times}"
    return Figure(price.usd_per_hour * share, "USD/h", low, high, "given", source)


def _device(device: str | Device) -> Device:
    return device if isinstance(device, Device) else devices.find(device)


def _share(price: Price, device: Device) -> float:
    """How many of what the row prices make one such device."""
    if price.per == "accelerator":
        return 1.0
    if price.per == "vm" and price.device == device.name:
        return 1.0
    whole = 1 if price.per == "vcpu" else devices.find(price.device).threads
    return (device.threads or 1) / (whole or 1)
