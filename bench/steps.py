"""A training step with sparse layers, against dense and masked torch; into docs/results/steps.json.

    python bench/steps.py                       every row, 1 and 2 threads
    python bench/steps.py --row mlp --quick
    python bench/steps.py --print               the table of what was measured
    python bench/steps.py --sparseprop FOLDER   with sparseprop 0.1.14, installed in that folder

A step is forward, backward and Adam. The contestants take turns in one process, on the same
threads; ratios are of the same round. The floor stands beside them: the operations of the kept
weights at the peak of a core, plus the dense ones, and the bytes that must move at its bandwidth.
"""

import argparse
import copy
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.resnet import small_resnet18
from tenth.figures import human
from tenth.files import write_text
from tenth.receipt import facts
from tenth.receipt.torch_probe import StepCounter
from tenth.ship.bench.report import columns
from tenth.ship.bench.roof import measure
from tenth.sparsity import prunable
from tenth.sparsity.sparse import convert, sparse_layers

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "steps.json"
DENSITIES = (0.1, 0.05)
ROUNDS, QUICK_ROUNDS = 15, 5


class Attention(nn.Module):
    """Six heads over 384 features."""

    def __init__(self, width: int = 384, heads: int = 6) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        met = functional.scaled_dot_product_attention(*parts)
        return self.out(met.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A pre-norm transformer block, its hidden layer four times as wide."""

    def __init__(self, width: int = 384) -> None:
        super().__init__()
        self.attend = nn.Sequential(nn.LayerNorm(width), Attention(width))
        self.think = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(x)
        return x + self.think(x)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 1024))


@dataclass(frozen=True)
class Row:
    """A net, the shape of its batch, and the least ratio of a dense step to ours, by density."""

    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    bars: Mapping[float, float]
    first_dense: bool = False  # the first convolution, which a tenth of the weights would starve


ROWS: Mapping[str, Row] = {
    "mlp": Row(mlp, (256, 1024), {0.1: 4, 0.05: 6}),
    "block": Row(Block, (16, 128, 384), {0.1: 2.5, 0.05: 3.5}),
    "resnet18": Row(small_resnet18, (128, 3, 32, 32), {0.1: 2.5, 0.05: 3.5}, first_dense=True),
}


@dataclass
class Contestant:
    """A model and its optimizer, and what its steps took."""

    name: str
    model: nn.Module
    masks: Mapping[str, Tensor] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4)

    def step(self, x: Tensor) -> None:
        """Forward, backward, Adam; masked weights are erased again."""
        self.optimizer.zero_grad()
        self.model(x).square().mean().backward()
        self.optimizer.step()
        weights = dict(self.model.named_parameters())
        with torch.no_grad():
            for name, mask in self.masks.items():
                weights[name].mul_(mask)

    def memory_bytes(self) -> int:
        """The prunable weights and what Adam remembers of them."""
        kept = [layer.values for layer in sparse_layers(self.model).values()]
        whole = 0
        for weight in [*kept, *prunable(self.model).values()]:
            state = self.optimizer.state[weight].values()
            whole += weight.nbytes + sum(m.nbytes for m in state if m.shape == weight.shape)
        return whole


def masks_of(model: nn.Module, density: float, first_dense: bool) -> dict[str, Tensor]:
    """Random masks, of one density in each layer."""
    masks = {
        name: torch.rand_like(weight) < density
        for name, weight in list(prunable(model).items())[first_dense:]
    }
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).mul_(mask)
    return masks


def run(row: Row, density: float, threads: int, rounds: int) -> dict[str, Any]:
    """Race one row."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    x = torch.randn(row.shape)
    masked = Contestant("masked", row.build())
    masked.masks = masks_of(masked.model, density, row.first_dense)
    sparse = row.build()
    sparse.load_state_dict(masked.model.state_dict())
    useful, dense_flops = flops(masked, x)
    turned = convert(sparse, example=(x,), masks=masked.masks)
    contestants = [Contestant("dense", row.build()), masked, Contestant("tenth", sparse)]
    with torch.no_grad():
        expected = masked.model(x)
        difference = float((sparse(x) - expected).abs().max() / expected.abs().max())
    contestants += rival(masked.model)
    for number in range(rounds + 2):
        for one in contestants:
            began = time.perf_counter()
            one.step(x)
            if number >= 2:  # the first ones fill caches and make the moments
                one.seconds.append(time.perf_counter() - began)
    dense, _, ours, *_ = contestants
    return {
        "density": density,
        "threads": threads,
        "bar": row.bars[density],
        "contestants": [told(one, ours) for one in contestants],
        "useful_flops": useful,
        "dense_flops": dense_flops,
        "moved_bytes": moved_bytes(row, x),
        "memory_ratio": ours.memory_bytes() / dense.memory_bytes(),
        "largest_difference": difference,
        "load": os.getloadavg()[0],
        "layers": {
            one.name: one.reason or f"sparse, {one.times.gain:.2f} times as fast"
            for one in turned
            if one.times or one.reason
        },
    }


def rival(masked: nn.Module) -> list[Contestant]:
    """The same net with the linear layers of sparseprop, where that is at hand."""
    if find_spec("sparseprop") is None or any(isinstance(m, nn.Conv2d) for m in masked.modules()):
        return []
    linear = import_module("sparseprop.modules").SparseLinear
    model = copy.deepcopy(masked)
    for path, module in list(model.named_modules()):
        if type(module) is nn.Linear:
            above, _, name = path.rpartition(".")
            setattr(model.get_submodule(above), name, linear.from_dense(module))
    return [Contestant("sparseprop", model)]


def told(one: Contestant, ours: Contestant) -> dict[str, Any]:
    ratios = sorted(a / b for a, b in zip(one.seconds, ours.seconds, strict=True))
    tail = len(ratios) // 10
    return {
        "name": one.name,
        "seconds": median(one.seconds),
        "least_seconds": min(one.seconds),
        "ratio": {"median": median(ratios), "low": ratios[tail], "high": ratios[-1 - tail]},
        "memory_bytes": one.memory_bytes(),
    }


def flops(masked: Contestant, x: Tensor) -> tuple[float, float]:
    """Of a step: what the kept weights need, and what a dense step does."""
    with StepCounter(masked.model) as counter:
        masked.model(x).square().mean().backward()
    densities = {name: float(mask.float().mean()) for name, mask in masked.masks.items()}
    work = counter.cost.work(densities)
    return work.useful.total, work.dense_equivalent.total


def moved_bytes(row: Row, x: Tensor) -> int:
    """What passes between modules: each output written and read, forwards and backwards."""
    model, moved = row.build(), [2 * x.nbytes]
    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _, __, y: moved.append(4 * y.nbytes))
    with torch.no_grad():
        model(x)
    return sum(moved)


def show(results: Mapping[str, Any]) -> str:
    """The tables: ratios against what they must be, and the layers that stayed dense."""
    rows = [
        (
            "row",
            "density",
            "threads",
            "ours",
            "dense",
            "",
            "bar",
            "",
            "masked",
            "sparseprop",
            "floor",
            "memory",
        )
    ]
    roof = results["machine"]["roof"]
    for name, races in results["rows"].items():
        for done in races:
            by = {one["name"]: one for one in done["contestants"]}
            ours, times = by["tenth"]["seconds"], by["dense"]["ratio"]["median"]
            floor = done["useful_flops"] / roof["flops_per_second"] / done["threads"]
            floor += done["moved_bytes"] / roof["bytes_per_second"]
            rows.append(
                (
                    name,
                    f"{done['density']:g}",
                    str(done["threads"]),
                    human(ours, "s"),
                    human(by["dense"]["seconds"], "s"),
                    f"{times:.2f}×",
                    f"{done['bar']:g}×",
                    "holds" if times >= done["bar"] else "missed",
                    *(
                        f"{by[one]['ratio']['median']:.2f}×" if one in by else ""
                        for one in ("masked", "sparseprop")
                    ),
                    f"{floor / ours:.0%}",
                    f"{done['memory_ratio']:.3f}",
                )
            )
    return columns(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--row", action="append", choices=ROWS, help="only this row; repeatable")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds, one thread")
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--sparseprop", default="", help="the site-packages that hold it")
    parser.add_argument("--print", action="store_true", help="the table, without a run")
    given = parser.parse_args()
    if given.sparseprop:
        sys.path.append(given.sparseprop)
    known = json.loads(given.out.read_text()) if given.out.exists() else {"rows": {}}
    if not given.print:
        roof = measure()
        known["machine"] = {
            **facts.hardware(),
            "software": facts.software(),
            "date": datetime.now(UTC).date().isoformat(),
            "roof": {
                "flops_per_second": roof.flops_per_second,
                "bytes_per_second": roof.bytes_per_second,
            },
        }
        rounds = QUICK_ROUNDS if given.quick else ROUNDS
        for name in given.row or ROWS:
            known["rows"][name] = [
                run(ROWS[name], density, threads, rounds)
                for threads in given.threads or ([1] if given.quick else [1, 2])
                for density in DENSITIES
            ]
            print(show({**known, "rows": {name: known["rows"][name]}}), flush=True)
            write_text(given.out, json.dumps(known, indent=1) + "\n")
    print(show(known))


if __name__ == "__main__":
    main()
