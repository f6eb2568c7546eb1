"""CodeCarbon's values beside a meter's own, as theirs.

    with Meter("train") as meter, codecarbon.beside(meter, OfflineEmissionsTracker(...)):
        ...

tenth neither needs CodeCarbon nor believes it: its values change none of the meter's figures, and
stand on the receipt under its name. What it did not say is unknown. It may look for its place on a
network, save as `OfflineEmissionsTracker`, and falls back to models without a word in its numbers;
so every value of it is `modelled`, with the interval of such a model, ±45 %.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tenth.figures import Figure, unknown
from tenth.receipt import Meter

_ERROR = 0.45
_JOULES_PER_KWH = 3.6e6
# our name of each value, theirs, and what brings it to our unit
_VALUES = {
    "energy_joules": ("energy_consumed", _JOULES_PER_KWH, "J"),
    "energy_joules_processor": ("cpu_energy", _JOULES_PER_KWH, "J"),
    "energy_joules_accelerators": ("gpu_energy", _JOULES_PER_KWH, "J"),
    "energy_joules_memory": ("ram_energy", _JOULES_PER_KWH, "J"),
    "carbon_gco2e": ("emissions", 1e3, "gCO2e"),
}


@contextmanager
def beside(meter: Meter, tracker: Any) -> Iterator[Any]:
    """Run a tracker of CodeCarbon around some work, and keep what it says in the meter.

    Args:
        meter: a meter that runs.
        tracker: an `EmissionsTracker` or `OfflineEmissionsTracker` that was not started.
    """
    tracker.start()
    try:
        yield tracker
    finally:
        tracker.stop()
        for name, figure in figures(getattr(tracker, "final_emissions_data", None)).items():
            meter.add_figure(name, figure)


def figures(data: Any) -> dict[str, Figure]:
    """What an `EmissionsData` of CodeCarbon holds, as figures named `codecarbon_…`.

    A total of zero is taken for a value that was not read; so is what is missing.
    """
    whose = f"CodeCarbon {getattr(data, 'codecarbon_version', '') or 'of unknown version'}"
    mode = getattr(data, "tracking_mode", "") or "unknown"
    country = getattr(data, "country_name", "") or "no country named"
    found = {}
    for name, (theirs, scale, unit) in _VALUES.items():
        value = getattr(data, theirs, None)
        if not value:
            found[f"codecarbon_{name}"] = unknown(unit, f"{whose} says no {theirs}")
            continue
        where = f", {country}" if unit == "gCO2e" else ""
        value *= scale
        low, high = value * (1 - _ERROR), value * (1 + _ERROR)
        source = f"{whose}: {theirs}, mode {mode}{where}"
        found[f"codecarbon_{name}"] = Figure(value, unit, low, high, "modelled", source)
    return found
