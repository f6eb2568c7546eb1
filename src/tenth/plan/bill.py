"""From device-hours to days, energy, carbon and money: the same for every kind of plan."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenth.catalogue import Device, embodied
from tenth.figures import Figure, unknown
from tenth.plan import formulas
from tenth.plan.assumptions import Assumptions, Where


@dataclass(frozen=True)
class Bill:
    """Where the hours are spent, and at which rates."""

    device: Device
    count: int | None
    where: Where
    assume: Assumptions

    @property
    def words(self) -> str:
        """The place, for a title."""
        return f"electricity of {self.where.name}" if self.where.known else self.where.name

    def figures(self, hours: Figure) -> dict[str, Figure]:
        """Days, energy, carbon and price of so many device-hours."""
        kwh = formulas.energy(hours, self.device.node_watts, self.assume.building(self.device))
        days = (
            unknown("days", "how many devices is unknown")
            if self.count is None
            else formulas.days(hours, Figure(self.count, "", label="given", source="user"))
        )
        tiers = self.assume.tiers(self.device).items()
        return {
            "days": days,
            "energy_kwh": kwh,
            "carbon_kgco2e": self.where.emitted(kwh),
            "carbon_embodied_kgco2e": formulas.embodied(hours, embodied.per_hour(self.device)),
            "price_usd": formulas.price(hours, self.assume.price(self.device)),
            **{f"price_usd_{tier}": formulas.price(hours, price) for tier, price in tiers},
        }

    def steps(self, figures: Mapping[str, Figure]) -> dict[str, str]:
        """The formula of each of them with the numbers in it."""
        hours = _number(figures["device_hours"])
        watts, pue = self.device.node_watts, self.assume.building(self.device)
        made = embodied.per_hour(self.device)
        tiers = self.assume.tiers(self.device).items()
        return {
            "days": f"{hours} h ÷ 24 ÷ {self.count or 'unknown'}",
            "energy_kwh": f"{hours} h × {_number(watts)} W × {_number(pue)} ÷ 1000",
            "carbon_kgco2e": f"{_number(figures['energy_kwh'])} kWh × "
            f"{_number(self.where.carbon)} gCO2e/kWh ÷ 1000 ({self.where.name})",
            "carbon_embodied_kgco2e": f"{hours} h × {_number(made)} kgCO2e/h",
            "price_usd": f"{hours} h × {_number(self.assume.price(self.device))} USD/h",
            **{f"price_usd_{t}": f"{hours} h × {_number(price)} USD/h" for t, price in tiers},
        }

    def notes(self) -> tuple[str, ...]:
        """What to tell of place and price."""
        price = self.assume.price(self.device)
        old = "over a year old" in price.source
        stale = "The price is over a year old: ask again, or give --price or --prices."
        return (*self.where.notes, *((stale,) if old else ()))


def times(again: Figure | None) -> str:
    """The factor of what is computed again, as a formula has it; empty without one."""
    return "" if again is None or again.value is None else f" × {again.value:.3g} computed again"


def _number(figure: Figure) -> str:
    return "unknown" if figure.value is None else f"{figure.value:.4g}"
