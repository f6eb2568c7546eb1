"""What a plan takes for granted unless told otherwise."""

from dataclasses import dataclass, replace

from tenth.catalogue import Device, Price, devices, grids, prices
from tenth.errors import InputError, must
from tenth.figures import Figure, unknown
from tenth.plan import formulas
from tenth.plan.checks import above_zero
from tenth.plan.result import shown

# a building of unknown efficiency; one standard deviation is 10 %
_PUE, _PUE_SIGMA = 1.56, 1.10
_AT_HOME = ("soc", "laptop", "edge", "mcu")


@dataclass(frozen=True)
class Assumptions:
    """What a user may know better than the defaults.

    active_parameters: of a mixture of experts, for each token.
    mfu: of a training step, as a fraction of the dense 16-bit peak; the run gets 0.85 of it.
    precision: "16-bit" or "fp8".
    recompute: whether activations are computed again in the backward pass, which
        takes a third more hours, unless `mfu` says how fast such a step was.
    fused_attention: whether no square of attention is kept for the backward pass.
    strategy: how the model is kept in memory (see `tenth.plan.memory`); the smallest sharding that
        fits if not said.
    density, zeros: fraction of the weights kept, and where the zeros may stand: "unstructured",
        "2:4" or "channel" (see `tenth.plan.zeros`).
    price_usd_per_hour, tier: of one device; else the catalogue's typical price.
    prices: rows of the user's own, which replace the catalogue's for their devices.
    pue: energy of the building over energy of the machines.
    """

    active_parameters: float | None = None
    mfu: float | None = None
    precision: str = "16-bit"
    recompute: bool = False
    fused_attention: bool = True
    strategy: str | None = None
    density: float = 1.0
    zeros: str = "unstructured"
    price_usd_per_hour: float | None = None
    tier: str | None = None
    prices: tuple[Price, ...] = ()
    pue: float | None = None

    def again(self, share: float) -> Figure | None:
        """How much longer a run takes that executes `share` times its useful FLOPs; None if as is.

        An MFU that the user measured is of a step as it ran: what it computed again is in it.
        """
        if not self.recompute or self.mfu is not None:
            return None
        return formulas.computed_again(share)

    def told(self) -> str:
        """Why hours do not grow though activations are computed again; empty where they do."""
        if not self.recompute or self.mfu is None:
            return ""
        return (
            "Computed again and an MFU that was given: it is taken for that of a step which does "
            "so, and the hours do not grow."
        )

    def price(self, device: Device) -> Figure:
        """USD an hour of one device: the user's, else a row of the catalogue."""
        if self.price_usd_per_hour is None:
            return prices.per_hour(device, self.tier, self.prices)
        given = above_zero("price_usd_per_hour", self.price_usd_per_hour)
        return Figure(given, "USD/h", label="given", source=f"user: {given:g} USD/h")

    def tiers(self, device: Device) -> dict[str, Figure]:
        """The price of each tier that sells the device; none if a price or a tier was chosen."""
        if self.price_usd_per_hour is not None or self.tier is not None:
            return {}
        sold = prices.of(device, self.prices)
        return {row.tier: prices.per_hour(device, row.tier, self.prices) for row in sold}

    def building(self, device: Device) -> Figure:
        """PUE: the user's; 1 for what stands on a desk; else that of an unknown data centre.

        Source: Green Algorithms, 2025 data: 1.56 where the site is unknown.
        """
        if self.pue is not None:
            if above_zero("pue", self.pue) < 1:
                raise InputError(must("pue", "at least 1", self.pue))
            return Figure(self.pue, "", label="given", source=f"PUE {self.pue:g}, user")
        if device.name == devices.HERE or device.kind in _AT_HOME:
            return Figure(1.0, "", label="given", source="no building")
        spread = _PUE_SIGMA**1.645
        source = f"PUE {_PUE} of an unknown site"
        return Figure(_PUE, "", max(1.0, _PUE / spread), _PUE * spread, "given", source)


def of_device(device: str | Device | None) -> Device:
    """The device meant: one of the catalogue, or this machine if none is named."""
    if device is None:
        return devices.here()
    return device if isinstance(device, Device) else devices.find(device)


@dataclass(frozen=True)
class Where:
    """The electricity that a plan counts on: the place, its carbon, what to tell of it."""

    name: str
    carbon: Figure
    notes: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether a place was given."""
        return self.name != _NOWHERE

    def emitted(self, kwh: Figure) -> Figure:
        """kgCO2e of so much energy; without a place unknown, with the span that it lies in."""
        if self.known:
            return formulas.carbon(kwh, self.carbon)
        if not kwh.known:
            return unknown("kgCO2e", kwh.reason)
        least, most = grids.span()
        low, high = (kwh.bounds()[0] * grid.carbon.bounds()[0] / 1000 for grid in (least, most))
        ends = (shown(low, "kgCO2e"), shown(high, "kgCO2e"))
        span = f"{ends[0]} in {least.country} to {ends[1]} in {most.country}"
        reason = f"{self.carbon.reason}: {span}; give a country code, such as FRA"
        return replace(self.carbon, unit="kgCO2e", reason=reason)


_NOWHERE = "no place given"


def of_place(place: str | None) -> Where:
    """The place meant.

    Without one there is no carbon: countries differ 65-fold, so an average over the world would be
    a number about no place, and would be quoted as that of the run.

    Raises:
        InputError: no such country.
    """
    if place is not None:
        grid = grids.find(place)
        return Where(grid.place, grid.carbon, (f"Carbon of electricity: {grids.CREDIT}.",))
    source = f"{_NOWHERE}, and a world average is not taken for one"
    carbon = Figure(None, "gCO2e/kWh", label="given", source=source, reason="no place was given")
    return Where(_NOWHERE, carbon, ())
