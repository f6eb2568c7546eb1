"""Which device is large enough, and how many of one kind."""

from collections.abc import Callable

from tenth.catalogue import Device, devices
from tenth.figures import Figure, human, unknown

_HEADROOM = 0.90
_MOST = 1 << 16
_RENTED = ("gpu", "tpu")

Need = Callable[[int], Figure]


def holds(need: Figure, capacity: Figure) -> bool:
    """Whether the upper bound of `need` leaves a tenth of the memory free."""
    return capacity.known and need.bounds()[2] <= _room(capacity)


def _room(capacity: Figure) -> float:
    return _HEADROOM * capacity.bounds()[0]


def least_count(need: Need, device: Device) -> Figure:
    """The least power of two of a device on which `need(count)` fits each of them.

    Powers of two, as shards and machines are made. The value is safe: it holds the upper bound of
    the need; the low end of the interval holds the lower bound. Unknown if not even 65,536 do.
    """
    if not device.memory_bytes.known:
        return unknown("devices", device.memory_bytes.reason)
    hopeful, count = None, 1
    while count <= _MOST:
        figure = need(count)
        _, low, high = figure.bounds()
        if hopeful is None and low <= _room(device.memory_bytes):
            hopeful = count
        if high <= _room(device.memory_bytes):
            source = f"least power of two that leaves a tenth of {device.called} free"
            return Figure(count, "devices", hopeful, count, "estimated", source)
        count *= 2
    return unknown("devices", f"not even {_MOST:,} of {device.called} hold it")


def smallest_device(need: Figure) -> Device | None:
    """The accelerator of the catalogue with the least memory that holds `need` alone."""
    fit = [d for d in devices.all() if d.kind in _RENTED and holds(need, d.memory_bytes)]
    return min(fit, key=lambda d: d.memory_bytes.bounds()[0], default=None)


def advice(need: Need, device: Device, count: int, *others: str) -> str:
    """What would hold it, in a sentence; empty where it fits as it is.

    `others` are ways that are known to hold it, to be named first.
    """
    if holds(need(count), device.memory_bytes):
        return ""
    ways = [*others]
    enough, alone = least_count(need, device), smallest_device(need(1))
    if enough.known and enough.bounds()[0] > count:
        ways.append(f"on {enough.bounds()[0]:g} × {device.called}")
    if alone is not None and count == 1:
        ways.append(f"on one {alone.name} ({human(alone.memory_bytes.bounds()[0], 'bytes')})")
    return f"It would fit {' or '.join(ways)}." if ways else "More of this device would not help."
