"""Where the electricity comes from: never guessed, and said when not given."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenth.catalogue import grids
from tenth.figures import Figure, human, unknown

VARIABLE = "TENTH_PLACE"


@dataclass(frozen=True)
class Place:
    """A country and the carbon of its electricity.

    `code` is its ISO 3166-1 alpha-3 code, or None where nobody said where the machine is. Then the
    carbon is unknown: countries differ 65-fold, and an average of the world would be quoted as that
    of the run.
    """

    code: str | None
    name: str
    carbon: Figure

    @classmethod
    def find(cls, code: str | None = None) -> "Place":
        """The place of this code, else of the variable TENTH_PLACE, else nowhere.

        Raises:
            InputError: the catalogue has no such country.
        """
        code = code or os.environ.get(VARIABLE) or None
        if code is None:
            return cls(None, "unknown (no place was given)", _nowhere())
        grid = grids.find(code)
        return cls(grid.place, grid.country, grid.carbon)

    def to_json(self) -> dict[str, Any]:
        """The form a place has in a receipt."""
        return {"code": self.code, "name": self.name, "carbon": self.carbon.to_json()}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Place":
        """Read what `to_json` wrote."""
        return cls(form["code"], form["name"], Figure.from_json(form["carbon"]))


def _nowhere() -> Figure:
    least, most = grids.span()
    low, high = (human(grid.carbon.bounds()[0], "gCO2e") for grid in (least, most))
    between = f"a kWh is {low} in {least.country} and {high} in {most.country}"
    remedy = f"give a country code, such as FRA, with --place or in {VARIABLE}"
    return unknown("gCO2e/kWh", f"no place was given: {between}; {remedy}")
