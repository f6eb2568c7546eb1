"""Sparse programs against other engines on the same networks dense; into docs/results/ship.json.

    python bench/ship.py                          every row, 1 and 2 threads
    python bench/ship.py --row resnet50-b1 --quick
    python bench/ship.py --print                  the table of what was measured

A row is one network, pruned by magnitude to a density in each layer, and the engines it runs
against. All take turns, round by round, each alone on the same processors; ratios are of the same
round. Rivals may live in virtual environments of their own: --rivals PYTHON for onnxruntime and
OpenVINO, --deepsparse PYTHON for DeepSparse 1.8.0, which wants Python 3.11 and numpy 1.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pruned import Which, all_but_the_stem, fixed, network, pointwise, pruned
from tenth import ship
from tenth.figures import human
from tenth.files import write_text
from tenth.graph import Graph
from tenth.graph.count import count
from tenth.layouts import Block, Dense, Layout, Unstructured
from tenth.receipt import facts
from tenth.ship.bench.race import Contestant, Race, race, ratio
from tenth.ship.bench.report import columns, race_form
from tenth.ship.bench.roof import measure
from tenth.ship.check import random_inputs, relative_error
from tenth.ship.machine import this_machine

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "ship.json"
OPSET = 13  # the youngest that DeepSparse reads
ROUNDS, QUICK_ROUNDS = 21, 5
ENGINES = ("onnxruntime", "openvino", "deepsparse")


@dataclass(frozen=True)
class Row:
    """A network, how it is pruned, and the least ratio of each rival's time to ours, by threads."""

    net: str
    sizes: Mapping[str, int]
    layout: Layout = field(default_factory=Unstructured)
    density: float = 0.1
    which: Which = all_but_the_stem
    bars: Mapping[int, float] = field(default_factory=dict)
    deepsparse: float | None = None


ROWS: Mapping[str, Row] = {
    "resnet50-b1": Row("resnet50", {"n": 1}, bars={1: 4, 2: 3.5}, deepsparse=1.4),
    "resnet50-b16": Row("resnet50", {"n": 16}, bars={1: 5.5, 2: 5.5}, deepsparse=1.1),
    "resnet50-b16-2x1": Row("resnet50", {"n": 16}, Block(2, 1), bars={1: 7, 2: 7}),
    "resnet50-b16-d05": Row("resnet50", {"n": 16}, density=0.05, bars={1: 8, 2: 8}),
    "minilm-b8": Row("minilm", {"n": 8}, bars={1: 4, 2: 4}),
    "mobilenet_v1-b1": Row("mobilenet_v1", {"n": 1}, which=pointwise, bars={1: 3, 2: 3}),
    "linear2048-b1": Row("linear2048", {"n": 1}, Block(16, 1), bars={1: 6, 2: 6}),
    **{
        f"{net}-dense": Row(net, sizes, Dense(), 1.0, bars={1: 0.75, 2: 0.75})
        for net, sizes in {
            "resnet18": {"n": 1},
            "resnet50": {"n": 1},
            "vgg16": {"n": 1},
            "mobilenet_v1": {"n": 1},
            "mobilenet_v2": {"n": 1},
            "efficientnet_b0": {"n": 1},
            "densenet121": {"n": 1},
            "unet": {"n": 1},
            "vit_s16": {"n": 1},
            "minilm": {"n": 8},
            "gpt2": {"n": 1},
            "m5": {"n": 1},
            "lstm_tagger": {"n": 1},
            "gru_tagger": {"n": 1},
        }.items()
    },
}


@dataclass(frozen=True)
class Rivals:
    """The interpreters that have the packages of the rivals; no DeepSparse where that is empty."""

    python: str
    deepsparse: str
    engines: tuple[str, ...]


def run_row(row: Row, rivals: Rivals, threads: list[int], rounds: int) -> dict[str, Any]:
    """Build, compile and race one row."""
    dense, sizes = network(row.net)
    sizes |= row.sizes
    sparse = pruned(dense, row.density, row.layout, row.which)
    inputs = random_inputs(sparse, sizes, 0)
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        folder = Path(name)
        began = time.perf_counter()
        program = ship.compile(sparse, tuple(inputs), name="model")
        compile_seconds = time.perf_counter() - began
        program.save(folder / "program")
        graphs = [fixed(graph, sizes) for graph in (dense, sparse)]
        contestants = _contestants(row, rivals, folder, *graphs)
        races = []
        for number in threads:
            done = race(contestants, inputs, threads=number, rounds=rounds)
            races.append(done)
            print(_shown(done), flush=True)
        return {
            **_facts(row, sizes, sparse),
            "compile_seconds": compile_seconds,
            "kernels": _tally(layer.kernel for layer in program.layers),
            "library_bytes": (folder / "program" / "libmodel.so").stat().st_size,
            "weights_bytes": program.manifest.weights_bytes,
            "float16_weights_bytes": _float16_bytes(sparse, inputs) if row.deepsparse else None,
            "dense_float32_bytes": sum(array.nbytes for array in dense.constants.values()),
            "difference": _difference(races[0]),
            "races": [race_form(done) for done in races],
        }


def _contestants(
    row: Row, rivals: Rivals, folder: Path, dense: Graph, sparse: Graph
) -> list[Contestant]:
    """Ours, and each rival on the dense net and on the same pruned one."""
    files = {"dense": ship.to_onnx(dense, None, folder / "dense.onnx", opset=OPSET)}
    if not isinstance(row.layout, Dense):
        files["pruned"] = ship.to_onnx(sparse, None, folder / "pruned.onnx", opset=OPSET)
    engines = {"onnxruntime": rivals.python, "openvino": rivals.python}
    if rivals.deepsparse and row.deepsparse:
        engines["deepsparse"] = rivals.deepsparse
    engines = {name: python for name, python in engines.items() if name in rivals.engines}
    return [
        Contestant("tenth", "tenth", folder / "program"),
        *(
            Contestant(f"{engine} {kind}", engine, file, python)
            for engine, python in engines.items()
            for kind, file in files.items()
        ),
    ]


def _facts(row: Row, sizes: Mapping[str, int], sparse: Graph) -> dict[str, Any]:
    counted = count(sparse, sizes)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "load": os.getloadavg()[0],
        "net": row.net,
        "sizes": sizes,
        "layout": repr(row.layout),
        "density": row.density,
        "flops": counted.flops,
        "useful_flops": counted.useful_flops,
        "weights": counted.weights,
        "kept_weights": counted.kept_weights,
        "bars": {str(threads): bar for threads, bar in row.bars.items()},
        "deepsparse_bar": row.deepsparse,
    }


def _float16_bytes(graph: Graph, inputs: list[np.ndarray]) -> int:
    program = ship.compile(graph, tuple(inputs), values="float16")
    return program.manifest.weights_bytes


def _tally(kernels: Any) -> dict[str, int]:
    names = list(kernels)
    return {name: names.count(name) for name in sorted(set(names))}


def _difference(done: Race) -> float | None:
    """The largest relative error between us and a rival that has the same weights."""
    ours = done.timing("tenth")
    same = [t for t in done.timings if t.name.endswith("pruned")] or [
        t for t in done.timings if t is not ours
    ]
    if ours is None or not same:
        return None
    return max(
        relative_error(y, theirs.astype(np.float64))
        for timing in same
        for y, theirs in zip(ours.outputs, timing.outputs, strict=True)
    )


def _shown(done: Race) -> str:
    ours = done.timing("tenth")
    rows = [("", "threads", "median", "least", "ratio", "nine in ten")]
    for timing in done.timings:
        told = ("", "")
        if ours is not None and timing is not ours:
            times = ratio(timing, ours)
            told = (f"{times.median:.2f}×", f"{times.low:.2f} – {times.high:.2f}")
        seconds = (human(s, "s") for s in (timing.seconds, min(timing.samples)))
        rows.append((timing.name, str(timing.threads), *seconds, *told))
    absent = [f"{name} did not run: {why}" for name, why in done.absent.items()]
    return "\n".join([columns(rows), *absent])


def machine() -> dict[str, Any]:
    """The machine, and its roof as measured now."""
    return {
        **facts.hardware(),
        "features": this_machine().features,
        "software": facts.software(),
        "roof": asdict(measure()),
    }


def show(results: Mapping[str, Any]) -> str:
    """The tables: ratios against what they must be, then sizes, memory and time to compile."""
    ratios = [("row", "threads", "ours", "rival", "", "ratio", "bar", "", "of the floor")]
    sizes = [
        ("row", "weights", "of float32", "float16", "library", "memory", "rival's", "compiled")
    ]
    peak = results["machine"]["roof"]["flops_per_second"]
    for name, row in results["rows"].items():
        for done in row["races"]:
            ratios += _ratios(name, row, done, peak)
        by = {one["name"]: one for one in row["races"][0]["contestants"]}
        memories = [by[one]["run_peak_bytes"] for one in ("tenth", "onnxruntime dense")]
        half = row["float16_weights_bytes"]
        sizes.append(
            (
                name,
                human(row["weights_bytes"], "bytes"),
                f"{row['weights_bytes'] / row['dense_float32_bytes']:.1%}",
                f"{half / row['dense_float32_bytes']:.1%}" if half else "",
                human(row["library_bytes"], "bytes"),
                *(human(memory, "bytes") if memory else "" for memory in memories),
                human(row["compile_seconds"], "s"),
            )
        )
    return f"{columns(ratios)}\n\n{columns(sizes)}"


def _ratios(
    name: str, row: Mapping[str, Any], done: Mapping[str, Any], peak: float
) -> list[tuple[str, ...]]:
    """Against onnxruntime on the dense net, and DeepSparse on the pruned one."""
    by = {one["name"]: one for one in done["contestants"]}
    ours, threads = by["tenth"], done["threads"]
    # a second core adds as much again to the peak
    floor = row["useful_flops"] / peak / threads
    bars = {"onnxruntime dense": row["bars"].get(str(threads))}
    if threads == 1:
        bars["deepsparse pruned"] = row["deepsparse_bar"]
    rows = []
    for rival, bar in bars.items():
        if bar is None or rival not in by:
            continue
        times = by[rival]["ratio"]["median"]
        rows.append(
            (
                name,
                str(threads),
                human(ours["seconds"], "s"),
                human(by[rival]["seconds"], "s"),
                rival,
                f"{times:.2f}×",
                f"{bar:g}×",
                "holds" if times >= bar else "missed",
                f"{floor / ours['seconds']:.0%}",
            )
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--row", action="append", choices=ROWS, help="only this row; repeatable")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds, one thread")
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--rivals", default=os.environ.get("RIVALS_PYTHON", sys.executable))
    parser.add_argument("--deepsparse", default=os.environ.get("DEEPSPARSE_PYTHON", ""))
    parser.add_argument("--engines", default=",".join(ENGINES), help="the rivals, by commas")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--print", action="store_true", help="the table, without a run")
    given = parser.parse_args()
    known = json.loads(given.out.read_text()) if given.out.exists() else {"rows": {}}
    if not given.print:
        known["machine"] = machine()
        rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
        threads = given.threads or ([1] if given.quick else [1, 2])
        rivals = Rivals(given.rivals, given.deepsparse, tuple(given.engines.split(",")))
        for name in given.row or ROWS:
            print(f"\n{name}", flush=True)
            known["rows"][name] = run_row(ROWS[name], rivals, threads, rounds)
            known["rows"] = {row: known["rows"][row] for row in ROWS if row in known["rows"]}
            write_text(given.out, json.dumps(known, indent=1) + "\n")
    print(show(known))


if __name__ == "__main__":
    main()
