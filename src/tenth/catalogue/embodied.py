"""Carbon of making the hardware, spread over its life: kgCO2e for an hour of one device.

Few makers publish it; what nobody has published is unknown, never zero.
"""

from tenth.catalogue.devices import Device
from tenth.catalogue.tables import rows
from tenth.figures import Figure, unknown

# two published accounts of servers of eight accelerators differ threefold, mostly by their life
_SPREAD = 3.0


def per_hour(device: Device) -> Figure:
    """kgCO2e of one hour of a device with its share of the server.

    Source: ISO/IEC 21031:2024: total embodied × time reserved ÷ life × share of the machine; each
    row names where its numbers are from.
    """
    for row in rows("embodied"):
        if device.name.startswith(row["device"]):
            grams = float(row["gco2e_per_hour"])
            value, source = grams / 1000, f"table: {row['words']}, {row['source']}"
            return Figure(value, "kgCO2e/h", value / _SPREAD, value * _SPREAD, "given", source)
    return unknown("kgCO2e/h", f"the catalogue has no embodied carbon of {device.called}")
