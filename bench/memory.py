"""Measure the memory of training five nets, and compare it with what a plan says beforehand.

    python bench/memory.py

Each net is trained for a few steps in a fresh process, on one thread, and measured three times:

    allocated   the most bytes that torch's allocator had given out at once, by torch.profiler
    resident    the highest mark of the process's resident memory, less where it stood before the
                model was built; the C library keeps blocks that were freed, and a page that was
                given out and never touched does not count
    returned    the same where the C library gives freed blocks of 256 kB and more back at once

A plan foretells the first, from a step traced without memory.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import tenth
from tenth.adapters.trace import traced_step
from tenth.files import write_text

RESULT = Path(__file__).parent.parent / "docs" / "results" / "memory.json"
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
STEPS = 3


class Picked(nn.Module):
    """A recurrent layer that gives its sequence alone."""

    def __init__(self, inner: nn.LSTM) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)[0]


class Decoder(nn.Module):
    """Tokens in, logits out: causal attention fused, no dropout."""

    def __init__(self, words: int, width: int, heads: int, layers: int, length: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.places = nn.Parameter(torch.zeros(length, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, words, bias=False))

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens) + self.places
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class Block(nn.Module):
    """Attention and a hidden layer, each normed before and added after."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixed, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.hidden = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        parts = self.mixed(self.before(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return x + self.hidden(self.between(x))


def mlp() -> nn.Module:
    return nn.Sequential(
        nn.Linear(1024, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 10)
    )


def conv() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 64), (64, 64), (64, 128), (128, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if outputs > inputs > 3 else []
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(384, 6, 1536, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)


def decoder() -> nn.Module:
    return Decoder(8192, 384, 6, 6, 256)


def lstm() -> nn.Module:
    return Picked(nn.LSTM(256, 512, 2, batch_first=True))


NETS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "mlp": (mlp, (2048, 1024)),
    "conv": (conv, (32, 3, 64, 64)),
    "encoder": (encoder, (8, 256, 384)),
    "decoder": (decoder, (8, 256)),
    "lstm": (lstm, (32, 200, 256)),
}


def task_of(name: str) -> tenth.Task:
    """The net as a task: squares of its outputs, on numbers of no meaning."""
    build, shape = NETS[name]

    def batch() -> Tensor:
        if name == "decoder":
            return torch.zeros(shape, dtype=torch.long)
        return torch.ones(shape)

    return tenth.Task(
        name=name,
        model=build,
        batches=lambda seed: [batch()],
        loss=lambda model, x: model(x).square().mean(),
        score=lambda model, split: 0.0,
        example=(batch(),),
    )


def resident(field: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field} in {_STATUS}")


def warmed() -> None:
    """Load what torch loads at the first operation of each kind."""
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 1, 4, 4)).sum().backward()
    optimizer.step()
    query = torch.ones(1, 1, 8, 8, requires_grad=True)
    nn.functional.scaled_dot_product_attention(query, query, query).sum().backward()
    nn.LSTM(2, 2)(torch.ones(1, 1, 2))[0].sum().backward()


def train(task: tenth.Task) -> None:
    model = task.model()
    optimizer = task.optimizer(model.parameters())
    batch = task.first_batch()
    for _ in range(STEPS):
        optimizer.zero_grad()
        task.loss(model, batch).backward()
        optimizer.step()


def measure_resident(name: str) -> int:
    task = task_of(name)
    warmed()
    _CLEAR.write_text("5")  # the highest mark begins anew
    before = resident("VmRSS")
    train(task)
    return resident("VmHWM") - before


def measure_allocated(name: str) -> int:
    from torch.profiler import ProfilerActivity, profile

    task = task_of(name)
    warmed()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        train(task)
    events = [e for e in record.profiler.kineto_results.events() if e.name() == "[memory]"]
    live = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        live += event.nbytes()
        peak = max(peak, live)
    return peak


MEASURES = {
    "allocated": measure_allocated,
    "resident": measure_resident,
    "returned": measure_resident,
}
RETURNED = {"MALLOC_MMAP_THRESHOLD_": str(256 << 10)}


def fresh(name: str, kind: str) -> int:
    command = [sys.executable, __file__, "--net", name, "--kind", kind]
    more = RETURNED if kind == "returned" else {}
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **more}
    )
    return int(run.stdout)


def row(name: str) -> dict[str, Any]:
    planned = tenth.plan.traced.peak(traced_step(task_of(name)))
    value, low, high = planned.bounds()
    measured = {kind: fresh(name, kind) for kind in MEASURES}
    return {
        "net": name,
        "planned_bytes": value,
        "planned_low_bytes": low,
        "planned_high_bytes": high,
        **{f"{kind}_bytes": size for kind, size in measured.items()},
        **{f"planned_over_{kind}": value / size for kind, size in measured.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--net", choices=NETS)
    parser.add_argument("--kind", choices=MEASURES)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.net:
        print(MEASURES[asked.kind](asked.net))
        return
    rows = [row(name) for name in NETS]
    form = {"torch": torch.__version__, "threads": 1, "steps": STEPS, "rows": rows}
    write_text(RESULT, json.dumps(form, indent=1) + "\n")
    for one in rows:
        print(one)


if __name__ == "__main__":
    main()
