"""Does a teacher or a parent help at a tenth? Five seeds on digits, into docs/results/teach.json.

Accuracy on "test", paired seeds, density 0.1, 200 steps (short, so that there is something left to
learn), the usual weight and temperature; settled after a first look at two seeds. Each way that
needs a net made before stands beside a *rival*: the same route alone, for as many steps as the
FLOPs of both nets would have paid for, or 1,000 steps if those are fewer. FLOPs are those of kept
weights, the least that perfect kernels would do. A seed that is in the file is not run again.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from tenth import train
from tenth.files import write_text
from tenth.intervals import non_inferiority
from tenth.receipt import facts
from tenth.task import load

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results" / "teach.json"
TASK = load(ROOT / "examples" / "digits.py")
SEEDS, STEPS, DENSITY = 5, 200, 0.1
MOST = 1000  # steps of a rival
# way: route, what it is given, and from which way that comes
WAYS: dict[str, tuple[str, str, str]] = {
    "dense": ("dense", "", ""),
    "small": ("small", "", ""),
    "static": ("static", "", ""),
    "granet": ("granet", "", ""),
    "granet, dense teacher": ("granet", "teacher", "dense"),
    "small, dense teacher": ("small", "teacher", "dense"),
    "granet, dense parent": ("granet", "parent", "dense"),
    "static, dense parent": ("static", "parent", "dense"),
    "small, cut from dense parent": ("small", "parent", "dense"),
    "granet, small parent": ("granet", "parent", "small"),
}

Run = dict[str, Any]


def one(route: str, seed: int, steps: int = STEPS, **given: Any) -> tuple[train.Result, Run]:
    settings = train.Settings(steps=steps, check_every=steps)
    density = None if route == "dense" else DENSITY
    result = train.run(TASK, route, density=density, seed=seed, settings=settings, **given)
    whole = result.receipt.total("flops_useful").value
    own = result.receipt.stages[-1].figures["flops_useful"].value
    return result, {"test": result.read_test(), "steps": steps, "flops": whole, "own_flops": own}


def of_seed(seed: int) -> dict[str, Run]:
    """Every way and its rival, for one seed."""
    made: dict[str, train.Result] = {}
    runs: dict[str, Run] = {}
    for way, (route, role, source) in WAYS.items():
        given = {role: made[source]} if role else {}
        made[way], runs[way] = one(route, seed, **given)
        if role:
            paid = round(STEPS * runs[way]["flops"] / runs[route]["flops"])
            runs[f"rival of {way}"] = one(route, seed, min(paid, MOST))[1]
        print(f"{seed} {way}: {runs[way]['test']:.4f}", file=sys.stderr)
    return runs


def main() -> None:
    torch.set_num_threads(1)
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"runs": {}}
    runs: dict[str, dict[str, Run]] = found["runs"]
    for seed in range(SEEDS):
        if str(seed) not in runs:
            runs[str(seed)] = of_seed(seed)
            save(runs)


def save(runs: dict[str, dict[str, Run]]) -> None:
    content = {
        "task": "scikit-learn's handwritten digits, accuracy on test",
        "steps": STEPS,
        "density": DENSITY,
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": facts.hardware(),
        "software": facts.software(),
        "runs": runs,
        "differences": differences(runs) if len(runs) >= 5 else {},
    }
    write_text(RESULTS, json.dumps(content, indent=1) + "\n")


def differences(runs: dict[str, dict[str, Run]]) -> dict[str, Any]:
    """Of each way that is given a net: against the route alone, and against its rival."""
    found = {}
    for way, (route, role, _) in WAYS.items():
        if role:
            against = {"alone": route, "rival": f"rival of {way}"}
            found[way] = {name: difference(runs, way, other) for name, other in against.items()}
    return found


def difference(runs: dict[str, dict[str, Run]], way: str, other: str) -> dict[str, float]:
    """The mean paired difference in accuracy and its 90 % interval."""
    ours, theirs = ([seed[name]["test"] for seed in runs.values()] for name in (way, other))
    verdict = non_inferiority(ours, theirs, margin=0.01)
    return {
        "mean": verdict.difference,
        "low": verdict.lower,
        "high": 2 * verdict.difference - verdict.lower,
    }


if __name__ == "__main__":
    main()
