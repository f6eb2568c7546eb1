"""Libraries and folders that look like the real ones, and say what they are told to."""

from types import SimpleNamespace

from tenth.figures import Figure
from tenth.receipt.instruments.face import Burn

RANGE = 262_143_328_850  # of the counter of a socket, as Linux tells it
BURN = Burn(cpu_seconds=10.0, wall_seconds=36.0, memory_bytes=2e9)
WATTS = Figure(4.0, "W", 2.2, 5.8, "modelled", "a table")


class NVMLError(Exception):
    """As pynvml raises it."""


def nvml(count=1, energy=True, power=True):
    """A pynvml with boards whose joules and watts are in `joules` and `watts`."""
    fake = SimpleNamespace(joules=[0.0] * count, watts=[100.0] * count, inits=0, count=count)

    def init():
        fake.inits += 1

    def total(handle):
        if not energy:
            raise NVMLError("Not Supported")
        return int(fake.joules[handle] * 1000)

    def usage(handle):
        if not power:
            raise NVMLError("Not Supported")
        return int(fake.watts[handle] * 1000)

    fake.nvmlInit = init
    fake.nvmlDeviceGetCount = lambda: fake.count
    fake.nvmlDeviceGetHandleByIndex = lambda index: index
    fake.nvmlDeviceGetUUID = lambda handle: f"GPU-{handle:04d}-aa"
    fake.nvmlDeviceGetTotalEnergyConsumption = total
    fake.nvmlDeviceGetPowerUsage = usage
    return fake


def amdsmi(count=1, accumulator="energy_accumulator", dies=False):
    """An amdsmi with boards; of `dies`, every second one shows nothing."""
    fake = SimpleNamespace(joules=[5.0] * count, watts=[100] * count)

    def energy(handle):
        if accumulator is None:
            raise RuntimeError("AMDSMI_STATUS_NOT_SUPPORTED")
        silent = dies and handle % 2
        counts = 0 if silent else round(fake.joules[handle] * 1e6 / 15.3)
        return {accumulator: counts, "counter_resolution": 15.3, "timestamp": 1}

    fake.amdsmi_init = lambda: None
    fake.amdsmi_get_processor_handles = lambda: list(range(count))
    fake.amdsmi_get_gpu_device_uuid = lambda handle: f"amd-{handle}"
    fake.amdsmi_get_energy_count = energy
    fake.amdsmi_get_power_info = lambda handle: {
        "current_socket_power": "N/A",
        "average_socket_power": fake.watts[handle],
    }
    return fake


def powercap(root, **domains):
    """A folder as Linux lays it out: a folder a domain, named by number."""
    root.mkdir(exist_ok=True)
    for number, (name, micro) in enumerate(domains.items()):
        folder = root / f"intel-rapl:{number}"
        folder.mkdir(exist_ok=True)
        (folder / "name").write_text(name.replace("_", "-") + "\n")
        (folder / "max_energy_range_uj").write_text(f"{RANGE}\n")
        (folder / "energy_uj").write_text(f"{micro}\n")
    return root
