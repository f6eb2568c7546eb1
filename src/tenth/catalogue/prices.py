"""What an hour of a device costs, by seller, tier and date.

Tiers: `low` (marketplaces, spare capacity), `typical` (specialised clouds), `hyperscaler` (list
price on demand). Prices move; a row is true of its date alone.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from tenth.catalogue import devices
from tenth.catalogue.devices import GENERIC, HERE, Device
from tenth.catalogue.tables import rows
from tenth.errors import InputError, must
from tenth.figures import Figure, unknown

Tier = Literal["low", "typical", "hyperscaler"]
TIERS: tuple[Tier, ...] = get_args(Tier)


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


def of(device: str | Device) -> tuple[Price, ...]:
    """The price rows of a device, cheapest tier first; none where nobody rents it out.

    This machine is priced as the generic virtual machine.
    """
    name = _device(device).name
    name = GENERIC if name == HERE else name
    return tuple(
        Price(**{**row, "usd_per_hour": float(row["usd_per_hour"])})
        for row in rows("prices")
        if row["device"] == name
    )


def per_hour(device: str | Device, tier: str | None = None) -> Figure:
    """USD for one hour of one whole device.

    Without a tier: the typical price, with the cheapest and the dearest row as the interval.

    Raises:
        InputError: no such tier.
    """
    if tier is not None and tier not in TIERS:
        raise InputError(must("price tier", "one of " + ", ".join(TIERS), repr(tier)))
    device = _device(device)
    found = of(device)
    chosen = [p for p in found if p.tier == (tier or "typical")]
    if tier is None and not chosen:
        chosen = list(found[:1])
    if not chosen:
        word = f"{tier} price" if found else "price"
        return unknown("USD/h", f"the catalogue has no {word} of {device.name}; give one")
    price, share = chosen[0], _share(chosen[0], device)
    span = [price] if tier else found
    low, high = (bound(p.usd_per_hour for p in span) * share for bound in (min, max))
    source = f"table: {price.tier} {price}"
    return Figure(price.usd_per_hour * share, "USD/h", low, high, "given", source)


def _device(device: str | Device) -> Device:
    return device if isinstance(device, Device) else devices.find(device)


def _share(price: Price, device: Device) -> float:
    """How many of what the row prices make one such device."""
    if price.per == "accelerator":
        return 1.0
    whole = 1 if price.per == "vcpu" else devices.find(price.device).threads
    return (device.threads or 1) / (whole or 1)
