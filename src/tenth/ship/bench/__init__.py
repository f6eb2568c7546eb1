"""How fast a saved program is: layer by layer under the machine's roof, and against rivals."""

from tenth.ship.bench.measure import RIVALS, measure
from tenth.ship.bench.report import Report

__all__ = ["RIVALS", "Report", "measure"]
