"""What the referee says of models that other tools made, and of pairs that differ in nothing.

    python bench/judge.py models FOLDER    trains and shrinks the 8×8 digits, a minute
    python bench/judge.py verdicts FOLDER  judges them; the machine should have nothing else to do
    python bench/judge.py pairs            judges nets that differ in their random weights alone

Each of the last two writes its part of docs/results/judge.json and fills docs/judge.md from it.
"""

import contextlib
import json
import re
import sys
import tempfile
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tenth.catalogue import machine
from tenth.files import write_text

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "docs" / "results" / "judge.json"
PAGE = ROOT / "docs" / "judge.md"
TASK = ROOT / "examples" / "digits.py"
# before and after, as the page shows them
SHOWN = {
    "pruned": ("dense.pt", "pruned.pt"),
    "int8": ("dense.onnx", "int8.onnx"),
    "granet": ("dense.pt", "granet.safetensors"),
}
PAIRS = 60
_BROAD = 100  # letters of a line


def models(folder: Path) -> None:
    """The dense net, and what three tools make of it or of its task."""
    import torch
    from onnxruntime.quantization import quantize_dynamic
    from torch.nn.utils import prune

    from tenth import ship, train
    from tenth.sparsity import save_model
    from tenth.task import load

    task = load(TASK)
    folder.mkdir(parents=True, exist_ok=True)
    dense = train.run(task, route="dense", seed=0).model
    torch.save(dense.state_dict(), folder / "dense.pt")
    ship.to_onnx(dense.eval(), task.example, folder / "dense.onnx")
    quantize_dynamic(folder / "dense.onnx", folder / "int8.onnx")
    granet = train.run(task, route="granet", density=0.1, seed=0).model
    save_model(granet, folder / "granet.safetensors")
    layers = [
        layer for layer in dense.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
    ]
    prune.global_unstructured(
        [(layer, "weight") for layer in layers], prune.L1Unstructured, amount=0.9
    )
    for layer in layers:
        prune.remove(layer, "weight")
    torch.save(dense.state_dict(), folder / "pruned.pt")


def verdicts(folder: Path) -> dict[str, Any]:
    """Each judgement as the command prints it, and as JSON."""
    from tenth.adapters.judge import judge
    from tenth.task import load

    task = load(TASK)
    with contextlib.chdir(folder):  # so that names stand without a folder
        found = {name: judge(*map(Path, pair), task=task) for name, pair in SHOWN.items()}
    return {name: {"text": str(one), **one.to_json()} for name, one in found.items()}


def pairs() -> dict[str, Any]:
    """How often a net is called faster or slower than one that differs in its random weights."""
    import torch

    from tenth.adapters.judge import judge
    from tenth.task import load

    task = load(TASK)
    found = []
    with tempfile.TemporaryDirectory() as name:
        before, after = Path(name, "before.pt"), Path(name, "after.pt")
        for seed in range(PAIRS):
            torch.manual_seed(seed)
            for path in (before, after):
                torch.save(task.model().state_dict(), path)
            found.append(judge(before, after, task=task))
    ratios = [one.runs.ratio for one in found]
    return {
        "pairs": PAIRS,
        "called_faster": sum(one.faster for one in found),
        "called_slower": sum(one.slower for one in found),
        "holding_1": sum(low <= 1 <= high for _, low, high in (r.bounds() for r in ratios)),
        "ratios": [ratio.to_json() for ratio in ratios],
    }


def block(name: str) -> Callable[[dict[str, Any]], str]:
    """What makes the text of a judgement, its sentences in lines that fit the page."""

    def text(found: dict[str, Any]) -> str:
        lines = found["verdicts"][name]["text"].splitlines()
        end = lines.index("")
        sentences = [textwrap.fill(line, _BROAD) for line in lines[end:]]
        return "\n".join(["```", *lines[:end], *sentences, "```"])

    return text


def of_pairs(found: dict[str, Any]) -> str:
    one = found["pairs"]
    called = one["called_faster"] + one["called_slower"]
    return (
        f"{one['pairs']} pairs of nets that differ in nothing but their random weights: "
        f"{called or 'none'} called faster or slower, and {one['holding_1']} of the "
        f"{one['pairs']} intervals held 1; of 90 % intervals {0.9 * one['pairs']:.0f} should."
    )


def measured_on(found: dict[str, Any]) -> str:
    return (
        f"Measured on one thread of {found['cpu']}, torch {found['torch']}, onnxruntime "
        f"{found['onnxruntime']}, {found['date']}."
    )


PARTS: dict[str, Callable[[dict[str, Any]], str]] = {
    **{name: block(name) for name in SHOWN},
    "pairs": of_pairs,
    "measured": measured_on,
}


def filled(page: str, found: dict[str, Any]) -> str:
    """The page with each part between its marks made anew."""
    for name, make in PARTS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if len(pattern.findall(page)) != 1:
            raise ValueError(f"{PAGE.name} has no place, or more than one, for {name}")
        text = f"{begin}{make(found)}\n{end}"
        page = pattern.sub(lambda _, text=text: text, page)
    return page


def main() -> None:
    match sys.argv[1:]:
        case ["models", folder]:
            models(Path(folder))
            return
        case ["verdicts", folder]:
            part = {"verdicts": verdicts(Path(folder))}
        case ["pairs"]:
            part = {"pairs": pairs()}
        case _:
            sys.exit(__doc__)
    kept = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    about = {
        "cpu": machine.cpu_name(),
        "torch": version("torch").partition("+")[0],
        "onnxruntime": version("onnxruntime"),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    found = {**kept, **about, **part}
    write_text(RESULT, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    if {"verdicts", "pairs"} <= found.keys():
        write_text(PAGE, filled(PAGE.read_text(encoding="utf-8"), found))


if __name__ == "__main__":
    main()
