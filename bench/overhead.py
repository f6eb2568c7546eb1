"""What tenth itself costs: its import, its help, a meter; into docs/results/overhead.json.

Medians of repeated runs; `import tenth` is its own share as Python's import clock tells it.
"""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tenth.files import write_text
from tenth.receipt import Meter, facts

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "overhead.json"
TIMES = 11


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


def main() -> None:
    probes = {"import": import_seconds, "help": help_seconds, "meter": meter_seconds}
    content = {
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": facts.hardware(),
        "median_seconds": {
            name: median(probe() for _ in range(TIMES)) for name, probe in probes.items()
        },
    }
    write_text(RESULTS, json.dumps(content, indent=1) + "\n")
    print(json.dumps(content["median_seconds"], indent=1))


if __name__ == "__main__":
    main()
