"""MNIST-1D at a tenth of the weights against tuned dense; into docs/results/race-mnist-1d.json.

    python bench/mnist_1d.py

The sparse arms run for three quarters of the steps. That was settled after a race of full length
on other seeds (docs/results/race-mnist-1d-full.json).
"""

import shutil
import tempfile
from pathlib import Path

from tenth.train import Arm, race

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "docs" / "results" / "race-mnist-1d.json"
ARMS = [Arm("dense"), Arm("small"), Arm("static", 0.1, length=0.75), Arm("set", 0.1, length=0.75)]

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tenth-") as folder:
        verdict = race(
            ROOT / "examples" / "mnist_1d.py",
            ARMS,
            margin=0.01,
            seeds=14,
            trials=2,
            by="seconds",
            seed=1000,
            out=folder,
        )
        shutil.copy(Path(folder) / "race.json", RESULT)
    for one in verdict.standings:
        print(one.name, one.test, one.words, one.total("wall_seconds"), one.total("flops_executed"))
