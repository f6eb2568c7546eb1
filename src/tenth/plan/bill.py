"""From device-hours to days, energy, carbon and money: the same for every kind of plan."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenth.catalogue import Device
from tenth.figures import Figure, unknown
from tenth.plan import formulas
from tenth.plan.assumptions import Assumptions


@dataclass(frozen=True)
class Bill:
    """Where the hours are spent, and at which rates."""

    device: Device
    count: int | None
    place: str
    intensity: Figure
    assume: Assumptions

    def figures(self, hours: Figure) -> dict[str, Figure]:
        """Days, energy, carbon and price of so many device-hours."""
        kwh = formulas.energy(hours, self.device.node_watts, self.assume.building(self.device))
        days = (
            unknown("days", "how many devices is unknown")
            if self.count is None
            else formulas.days(hours, Figure(self.count, "", label="given", source="user"))
        )
        return {
            "days": days,
            "energy_kwh": kwh,
            "carbon_kgco2e": formulas.carbon(kwh, self.intensity),
            "price_usd": formulas.price(hours, self.assume.price(self.device)),
        }

    def steps(self, figures: Mapping[str, Figure]) -> dict[str, str]:
        """The formula of each of them with the numbers in it."""
        hours = _number(figures["device_hours"])
        watts, pue = self.device.node_watts, self.assume.building(self.device)
        return {
            "days": f"{hours} h ÷ 24 ÷ {self.count or 'unknown'}",
            "energy_kwh": f"{hours} h × {_number(watts)} W × {_number(pue)} ÷ 1000",
            "carbon_kgco2e": f"{_number(figures['energy_kwh'])} kWh × "
            f"{_number(self.intensity)} gCO2e/kWh ÷ 1000 ({self.place})",
            "price_usd": f"{hours} h × {_number(self.assume.price(self.device))} USD/h",
        }


def _number(figure: Figure) -> str:
    return "unknown" if figure.value is None else f"{figure.value:.4g}"
