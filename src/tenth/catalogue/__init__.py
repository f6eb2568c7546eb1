"""Facts about the world, dated and sourced: devices, electricity grids, prices."""

from tenth.catalogue import devices, embodied, grids, prices
from tenth.catalogue.devices import Device
from tenth.catalogue.grids import CREDIT, Grid
from tenth.catalogue.prices import Price

__all__ = ["CREDIT", "Device", "Grid", "Price", "devices", "embodied", "grids", "prices"]
