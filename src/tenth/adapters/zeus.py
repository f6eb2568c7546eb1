"""Zeus's values beside a meter's own, as theirs.

    with Meter("train") as meter, zeus.beside(meter, ZeusMonitor()):
        ...

tenth neither needs Zeus nor sums with it: its values change none of the meter's figures, and stand
on the receipt under its name. Its total counts GPUs alone, and is zero where there are none or
where a window is shorter than their counters' tick; so the parts are taken, and zero is unknown.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tenth.figures import Figure, unknown
from tenth.receipt import Meter
from tenth.receipt.instruments.face import NOT_OURS_ALONE

_ERROR = 0.10
_WINDOW = "tenth"
_VALUES = {
    "energy_joules_accelerators": "gpu_energy",
    "energy_joules_processor": "cpu_energy",
    "energy_joules_memory": "dram_energy",
}


@contextmanager
def beside(meter: Meter, monitor: Any, window: str = _WINDOW) -> Iterator[Any]:
    """Open a window of Zeus around some work, and keep what it says in the meter.

    Args:
        meter: a meter that runs.
        monitor: a `ZeusMonitor`.
        window: its name, for windows inside windows.
    """
    monitor.begin_window(window)
    try:
        yield monitor
    finally:
        for name, figure in figures(monitor.end_window(window)).items():
            meter.add_figure(name, figure)


def figures(measurement: Any) -> dict[str, Figure]:
    """What a `Measurement` of Zeus holds, as figures named `zeus_…`."""
    found = {}
    for name, theirs in _VALUES.items():
        told: Mapping[int, float] | None = getattr(measurement, theirs, None)
        value = sum(told.values()) if told else 0.0
        if not told or value <= 0:
            found[f"zeus_{name}"] = unknown("J", f"Zeus says no {theirs}")
            continue
        source = f"Zeus: {theirs} of {len(told)} device(s), {NOT_OURS_ALONE}"
        low, high = value * (1 - _ERROR), value * (1 + _ERROR)
        found[f"zeus_{name}"] = Figure(value, "J", low, high, "measured", source)
    return found
