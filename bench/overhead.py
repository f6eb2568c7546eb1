"""What tenth itself costs: its import, its help, a meter; into docs/results/overhead.json.

Medians of repeated runs; `import tenth` is its own share as Python's import clock tells it.

The meter that runs is measured with everything that can be sampled on a machine without boards, ten
times a second: counters of two sockets and their memory (a folder as Linux lays it out), a meter of
the user's in a file, and the memory of the control group. A share is processor time of the sampling
÷ the clock while the program waits. What a vendor's library takes for a board comes on top; it is
not known here.
"""

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tenth.files import write_text
from tenth.receipt import Meter, facts
from tenth.receipt.instruments.external import External, UserMeter
from tenth.receipt.instruments.rapl import Rapl
from tenth.receipt.panel import Metering

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "overhead.json"
TIMES = 11
HERTZ = 10
SHARE_SECONDS = 20.0
DOMAINS = {"0": "package-0", "1": "package-1", "0:0": "dram", "1:0": "dram"}

MEMORY = """
import gc
def resident():
    gc.collect()
    line = next(l for l in open("/proc/self/status") if l.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
before = resident()
from tenth.receipt import Meter
with Meter("a", place="FRA") as meter:
    with meter.part("b"):
        pass
    meter.stage
    print(resident() - before)
"""


def import_seconds() -> float:
    command = [sys.executable, "-X", "importtime", "-c", "import tenth"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    line = next(line for line in told.splitlines() if line.endswith("| tenth"))
    return int(line.split("|")[1]) / 1e6


def help_seconds() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "tenth", "--help"], capture_output=True, check=True)
    return time.perf_counter() - began


def meter_seconds() -> float:
    began = time.perf_counter()
    with Meter("a step"):
        pass
    return time.perf_counter() - began


def part_seconds() -> float:
    with Meter("a run") as meter:
        began = time.perf_counter()
        with meter.part("a step"):
            pass
        return time.perf_counter() - began


def memory_bytes() -> int:
    told = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    return int(told.stdout)


def sampled(folder: Path) -> Metering:
    """Everything that can be sampled here, `HERTZ` times a second."""
    for number, name in DOMAINS.items():
        domain = folder / f"intel-rapl:{number}"
        domain.mkdir(exist_ok=True)
        (domain / "name").write_text(name)
        (domain / "max_energy_range_uj").write_text("262143328850")
        (domain / "energy_uj").write_text("1")
    (folder / "watts").write_text("100")

    def often(one: Rapl | External) -> Rapl | External:
        one.period = 1 / HERTZ
        return one

    meter = UserMeter(folder / "watts", unit="J")
    table = {"RAPL": lambda _: often(Rapl(folder)), "external meter": lambda m: often(External(m))}
    return Metering("cgroup", meter, table)


def sampling_share(folder: Path) -> float:
    """Processor time of sampling ÷ the clock, while the program waits."""
    with Meter("a", metering=sampled(folder)):
        began, used = time.perf_counter(), time.process_time()
        time.sleep(SHARE_SECONDS)
        return (time.process_time() - used) / (time.perf_counter() - began)


def main() -> None:
    probes = {
        "import": import_seconds,
        "help": help_seconds,
        "meter": meter_seconds,
        "part": part_seconds,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        running = {
            "hertz": HERTZ,
            "sampling_share": sampling_share(folder),
            "memory_bytes": median(memory_bytes() for _ in range(5)),
        }
    content = {
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": facts.hardware(),
        "median_seconds": {
            name: median(probe() for _ in range(TIMES)) for name, probe in probes.items()
        },
        "running_meter": running,
    }
    write_text(RESULTS, json.dumps(content, indent=1) + "\n")
    print(json.dumps(content["median_seconds"] | running, indent=1))


if __name__ == "__main__":
    main()
