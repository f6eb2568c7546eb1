"""The failure figures, made small: real kills, many writers, changed and cut files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[3] / "bench" / "keep_failures.py"


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_wrong_is_served(tmp_path):
    out = tmp_path / "figures.json"
    sizes = ["--kills", "2", "--seconds", "2", "--writers", "3", "--step", "150"]
    done = subprocess.run(
        [sys.executable, str(BENCH), *sizes, "--out", str(out)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    for part in (*found["kills"].values(), found["writers"], found["flips"], found["truncations"]):
        assert (part["wrong"], part["lost"], part["crashed"]) == (0, 0, 0)
    for part in (*found["kills"].values(), found["writers"]):
        assert part["problems_at_the_end"] == 0
    for part in found["kills"].values():
        assert part["litter_files_after_gc"] == 0
    assert found["writers"]["log_without_gaps"]
    assert found["writers"]["puts"] > 0
    for part in (found["flips"], found["truncations"]):
        assert part["detected"] == part["cases"] > 10
        assert part["refused_to_serve"] > 0
