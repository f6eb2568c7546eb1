"""Digits at a tenth: ten seeds of four ways, one verdict each, into docs/results/digits.json.

Stated before the runs: accuracy on "test", margin 1 point, ten paired seeds, density 0.1 of the
Linear and Conv weights, one stopping rule (all of a route's steps). The shrunk nets start from the
dense nets of the same seed, whose cost comes on top of theirs. A run that is in the file already is
not made again.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tenth import shrink, train
from tenth.files import write_text
from tenth.intervals import non_inferiority
from tenth.receipt import Receipt, facts
from tenth.sparsity import save_dense, save_model
from tenth.task import load

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results" / "digits.json"
TASK = load(ROOT / "examples" / "digits.py")
SEEDS, MARGIN, DENSITY = 10, 0.01, 0.1
SUMS = ("flops_executed", "flops_useful", "wall_seconds", "energy_joules")

Run = dict[str, Any]


def dense(seed: int) -> Run:
    result = train.run(TASK, route="dense", seed=seed)
    torch.save(result.model.state_dict(), dense_path(seed))
    return facts_of(result.model, result.read_test(), result.receipt)


def shrunk(seed: int) -> Run:
    if not dense_path(seed).exists():
        dense(seed)
    model = TASK.model()
    model.load_state_dict(torch.load(dense_path(seed), weights_only=True))
    # whatever is lost shall be seen, so that nothing is refused or tried again
    result = shrink.to(model, TASK, DENSITY, max_drop=1.0, seed=seed)
    return facts_of(result.model, result.test_after, result.receipt)


def granet(seed: int) -> Run:
    result = train.run(TASK, route="granet", density=DENSITY, seed=seed)
    return facts_of(result.model, result.read_test(), result.receipt)


def small(seed: int) -> Run:
    result = train.run(TASK, route="small", density=DENSITY, seed=seed)
    return facts_of(result.model, result.read_test(), result.receipt)


WAYS: dict[str, Callable[[int], Run]] = {
    "dense": dense,
    "shrunk": shrunk,
    "granet": granet,
    "small": small,
}


def facts_of(model: nn.Module, test: float, receipt: Receipt) -> Run:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        ordinary = save_dense(model, place / "dense.safetensors")
        exact = save_model(model, place / "small.safetensors")
        half = save_model(model, place / "half.safetensors", values="float16")
    weights = next(size.after.value for size in receipt.sizes if size.name == "weights")
    return {
        "test": test,
        "weights": weights,
        "dense_bytes": ordinary,
        "small_bytes": exact,
        "small_float16_bytes": half,
        **{name: receipt.total(name).value for name in SUMS},
    }


def dense_path(seed: int) -> Path:
    return Path(tempfile.gettempdir()) / f"tenth-digits-dense-{seed}.pt"


def main() -> None:
    torch.set_num_threads(1)
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"runs": {}}
    runs: dict[str, dict[str, Run]] = found["runs"]
    for seed in range(SEEDS):
        for way, run in WAYS.items():
            done = runs.setdefault(way, {})
            if str(seed) in done:
                continue
            done[str(seed)] = run(seed)
            print(f"{way} {seed}: {done[str(seed)]['test']:.4f}", file=sys.stderr)
            save(runs)
    save(runs)


def save(runs: dict[str, dict[str, Run]]) -> None:
    content = {
        "task": "scikit-learn's handwritten digits, accuracy on test",
        "margin": MARGIN,
        "density": DENSITY,
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": facts.hardware(),
        "software": facts.software(),
        "runs": runs,
        "verdicts": verdicts(runs),
    }
    write_text(RESULTS, json.dumps(content, indent=1) + "\n")


def verdicts(runs: dict[str, dict[str, Run]]) -> dict[str, Any]:
    scores = {way: [run["test"] for run in done.values()] for way, done in runs.items()}
    baseline = scores["dense"]
    found = {}
    for way, tested in scores.items():
        if way != "dense" and len(tested) == len(baseline) >= 5:
            verdict = non_inferiority(tested, baseline, MARGIN)
            found[way] = {
                "difference": verdict.difference,
                "lower": verdict.lower,
                "holds": verdict.holds,
                "says": str(verdict),
            }
    return found


if __name__ == "__main__":
    main()
