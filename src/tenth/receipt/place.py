"""Where the electricity comes from: never guessed, and said when not given."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenth.catalogue import grids
from tenth.figures import Figure

VARIABLE = "TENTH_PLACE"


@dataclass(frozen=True)
class Place:
    """A country and the carbon of its electricity.

    `code` is its ISO 3166-1 alpha-3 code, or None for the world's average, which stands in when
    nobody said where the machine is.
    """

    code: str | None
    name: str
    carbon: Figure

    @classmethod
    def find(cls, code: str | None = None) -> "Place":
        """The place of this code, else of the variable TENTH_PLACE, else the world's average.

        Raises:
            InputError: the catalogue has no such country.
        """
        code = code or os.environ.get(VARIABLE) or None
        if code is None:
            return cls(None, "world average (no place was given)", grids.world().carbon)
        grid = grids.find(code)
        return cls(grid.place, grid.country, grid.carbon)

    def to_json(self) -> dict[str, Any]:
        """The form a place has in a receipt."""
        return {"code": self.code, "name": self.name, "carbon": self.carbon.to_json()}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Place":
        """Read what `to_json` wrote."""
        return cls(form["code"], form["name"], Figure.from_json(form["carbon"]))
