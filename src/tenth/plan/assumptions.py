"""What a plan takes for granted unless told otherwise."""

from dataclasses import dataclass

from tenth.catalogue import Device, devices, grids, prices
from tenth.errors import InputError, must
from tenth.figures import Figure
from tenth.plan.checks import above_zero

# a building of unknown efficiency; one standard deviation is 10 %
_PUE, _PUE_SIGMA = 1.56, 1.10
_AT_HOME = ("soc", "edge", "mcu")


@dataclass(frozen=True)
class Assumptions:
    """What a user may know better than the defaults.

    active_parameters: of a mixture of experts, for each token.
    mfu: of a training step, as a fraction of the dense 16-bit peak; the run gets 0.85 of it.
    precision: "16-bit" or "fp8".
    recompute: whether activations are computed again in the backward pass.
    strategy: how the model is kept in memory (see `tenth.plan.memory`); the smallest sharding that
        fits if not said.
    price_usd_per_hour, tier: of one device; else the catalogue's typical price.
    pue: energy of the building over energy of the machines.
    """

    active_parameters: float | None = None
    mfu: float | None = None
    precision: str = "16-bit"
    recompute: bool = False
    strategy: str | None = None
    price_usd_per_hour: float | None = None
    tier: str | None = None
    pue: float | None = None

    def price(self, device: Device) -> Figure:
        """USD an hour of one device: the user's, else a row of the catalogue."""
        if self.price_usd_per_hour is None:
            return prices.per_hour(device, self.tier)
        given = above_zero("price_usd_per_hour", self.price_usd_per_hour)
        return Figure(given, "USD/h", label="given", source=f"user: {given:g} USD/h")

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


def of_place(place: str | None) -> tuple[str, Figure, tuple[str, ...]]:
    """Name and carbon of a place, and what to tell the reader of it."""
    if place is not None:
        grid = grids.find(place)
        return grid.place, grid.carbon, (f"Carbon of electricity: {grids.CREDIT}.",)
    carbon = grids.world().carbon
    value, low, high = carbon.bounds()
    note = (
        f"No place was given: carbon takes the world average, {value:g} gCO2e/kWh "
        f"({low:.0f} to {high:.0f} over nine countries in ten). Give a country code, such as FRA."
    )
    return "world", carbon, (note, f"Carbon of electricity: {grids.CREDIT}.")
