"""Instruments of energy, in the order in which they are believed.

Each is one class with the face of `face.py`, and one line in `INSTRUMENTS`. What an earlier one
reads is not taken from a later one; what none of them reads is missing.
"""

from collections.abc import Callable

from tenth.catalogue import devices
from tenth.receipt.instruments.amdsmi import AmdSmi
from tenth.receipt.instruments.external import External, UserMeter
from tenth.receipt.instruments.face import Burn, Instrument
from tenth.receipt.instruments.model import Model
from tenth.receipt.instruments.nvml import Nvml
from tenth.receipt.instruments.rapl import Rapl

__all__ = ["INSTRUMENTS", "Burn", "Instrument", "Table", "UserMeter"]

Table = dict[str, Callable[[UserMeter | None], Instrument]]

INSTRUMENTS: Table = {
    "NVML": lambda meter: Nvml(),
    "AMD SMI": lambda meter: AmdSmi(),
    "RAPL": lambda meter: Rapl(),
    "external meter": External,
    "model": lambda meter: Model(devices.here().watts_per_thread),
}
