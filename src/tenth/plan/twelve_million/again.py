"""The same training on one device: at the hours of then, or planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenth.catalogue import devices
from tenth.figures import Figure
from tenth.plan import formulas
from tenth.plan.assumptions import Assumptions
from tenth.plan.estimate import estimate
from tenth.plan.twelve_million.parts import OLD_DEVICE, PARAMETERS, TOKENS

TIERS = ("low", "typical", "hyperscaler")
TODAY = (
    ("A100", "a100-sxm-80", "16-bit"),
    ("H100", "h100-sxm", "16-bit"),
    ("H100 in FP8", "h100-sxm", "fp8"),
    ("B200", "b200-sxm", "16-bit"),
)


@dataclass(frozen=True)
class Again:
    """The same training on one device: its hours, price by tier and energy."""

    name: str
    device: str
    mfu: float
    hours: Figure
    prices: Mapping[str, Figure]
    energy: Figure

    def to_json(self) -> dict[str, Any]:
        """The row as plain values."""
        return {
            "name": self.name,
            "device": self.device,
            "mfu": self.mfu,
            "device_hours": self.hours.to_json(),
            "prices": {tier: price.to_json() for tier, price in self.prices.items()},
            "energy_kwh": self.energy.to_json(),
        }


def then(parts: Mapping[str, Figure], assume: Assumptions) -> Again:
    """The hours of 2020, at what they cost today."""
    hours, tiers = parts["device_hours"], assume.tiers(devices.find(OLD_DEVICE))
    asked = {tier: formulas.price(hours, price) for tier, price in tiers.items()}
    mfu = parts["mfu"].bounds()[0]
    return Again("V100 of then", OLD_DEVICE, mfu, hours, asked, parts["energy_published_kwh"])


def now(name: str, device: str, precision: str, assume: Assumptions) -> Again:
    """The same training planned for a device, so many of it that the count does not matter."""
    plan = estimate(
        params=PARAMETERS,
        tokens=TOKENS,
        device=device,
        count=None,
        assume=Assumptions(precision=precision, prices=assume.prices, pue=assume.pue),
    )
    figures = plan.figures
    asked = {tier: figures[f"price_usd_{tier}"] for tier in TIERS if f"price_usd_{tier}" in figures}
    hours, peak = figures["device_hours"], devices.find(device).peak_flops.bounds()[0]
    mfu = 6 * PARAMETERS * TOKENS / (hours.bounds()[0] * 3600 * peak)
    return Again(name, device, mfu, hours, asked, figures["energy_kwh"])
