"""How fast a store writes and reads on this disk; into docs/results/keep-speed.json.

    cd bench && python -m finetunes FOLDER          make the pairs, once
    python bench/keep_speed.py FOLDER               pairs of the first network in bf16
    python bench/keep_speed.py FOLDER --times 12    the same, each tensor twelve times over

With `--times` every tensor comes that often under names of its own, its numbers rolled on by as
many rows, as do those of its base: a model of any size whose parts are all different, and changed
as a real one is. Rates are bytes of the model's files a second, medians; a plain copy of them to
the same disk stands beside.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from finetunes.foresee import pairs
from keep import machine
from tenth.files import write_text
from tenth.keep import Store

SPEED = Path(__file__).parent.parent / "docs" / "results" / "keep-speed.json"


def larger(source: Path, target: Path, times: int) -> Path:
    """A model of `times` the tensors of another one, in 16 bits, all of them different."""
    data = source.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = json.loads(data[8:start])
    tensors.pop("__metadata__", None)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    bodies: list[bytes] = []
    at = 0
    for number in range(times):
        for name, tensor in tensors.items():
            first, end = tensor["data_offsets"]
            words = np.frombuffer(data[start + first : start + end], "<u2")
            row = tensor["shape"][-1] if len(tensor["shape"]) > 1 else 1
            bodies.append(np.roll(words, number * row).tobytes())
            offsets = [at, at + end - first]
            header[f"part.{number}.{name}"] = {**tensor, "data_offsets": offsets}
            at += end - first
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    target.mkdir(parents=True)
    path = target / "model.safetensors"
    with path.open("wb") as opened:
        opened.write(len(text).to_bytes(8, "little") + text)
        opened.writelines(bodies)
    return path


def rates(base: Path, variant: Path, rounds: int) -> dict[str, float]:
    """Bytes a second of each call, and the bytes of the variant's files."""
    seconds: dict[str, list[float]] = {}
    size = sum(f.stat().st_size for f in variant.rglob("*") if f.is_file())
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="tenth-") as name:
            scratch = Path(name)
            store = Store(scratch / "store", make=True)
            jobs = {
                "put base": lambda s=store: s.put("base", base),
                "put": lambda s=store: s.put("variant", variant),
                "put identical": lambda s=store: s.put("again", variant),
                "get": lambda s=store, o=scratch: s.get("variant", o / "out"),
                "get base": lambda s=store, o=scratch: s.get("base", o / "base"),
                "copy": lambda o=scratch: _copy(variant, o / "copy"),
            }
            for job, work in jobs.items():
                began = time.perf_counter()
                work()
                seconds.setdefault(job, []).append(time.perf_counter() - began)
    return {"bytes": size, **{job: size / median(times) for job, times in seconds.items()}}


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    for file in target.rglob("*"):
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what `python -m finetunes` made")
    parser.add_argument("--only", default="minilm/bf16/", help="pairs whose name begins so")
    parser.add_argument("--times", type=int, default=1, help="models so many times as large")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    known = json.loads(SPEED.read_text()) if SPEED.exists() else {"rates": {}}
    for name, base, variant in pairs(given.folder):
        if not name.startswith(given.only):
            continue
        with tempfile.TemporaryDirectory(prefix="tenth-") as scratch:
            folders = base.parent, variant.parent
            if given.times > 1:
                made = Path(scratch) / "base", Path(scratch) / "variant"
                sources = base, variant
                for source, target in zip(sources, made, strict=True):
                    larger(source, target, given.times)
                folders = made
            found = rates(*folders, given.rounds)
        row = f"{name}, {found['bytes'] / 1e6:.0f} MB"
        known["rates"][row] = found
        known["machine"] = machine()
        write_text(SPEED, json.dumps(known, indent=1) + "\n")
        shown = {job: f"{rate / 1e9:.2f}" for job, rate in found.items() if job != "bytes"}
        print(row, shown, flush=True)


if __name__ == "__main__":
    main()
