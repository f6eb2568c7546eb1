"""Make the pairs: `python -m finetunes FOLDER [--net NAME] [--kind NAME]`."""

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from finetunes import adapters, text
from finetunes.kinds import Kind, direct, held_out_loss, in_dtype, select
from finetunes.nets import NETS, Net, State
from tenth.files import write_text

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
SEED = 11


def _cast(state: State, dtype: torch.dtype) -> State:
    return {n: t.to(dtype) if t.is_floating_point() else t for n, t in state.items()}


def _write(folder: Path, like: Path, state: State) -> None:
    """A model folder: `state`, and the other files of `like`."""
    for path in like.rglob("*"):
        if path.is_file() and path.suffix != ".safetensors":
            target = folder / path.relative_to(like)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    adapters.write(folder, state)


def _bases(net: Net, root: Path) -> Path:
    """The base in each dtype; gives the one in float32, which is the file that was published."""
    first = root / "fp32" / "base"
    if not (first / "model.safetensors").exists():
        net.base(first)
    state = load_file(first / "model.safetensors")
    for name, dtype in DTYPES.items():
        folder = root / name / "base"
        if not (folder / "model.safetensors").exists():
            _write(folder, first, _cast(state, dtype))
    return first


def _make(net: Net, kind: Kind, root: Path) -> dict[str, Any]:
    """One kind in each dtype; gives what there is to say of it."""
    started = time.perf_counter()
    first = _bases(net, root)
    start = load_file(first / "model.safetensors")
    model = net.model(first)
    before = held_out_loss(net, model)
    adapter = root / "adapters" / kind.name
    if kind.adapter is None:
        tuned = direct(net, model, kind, SEED)
    else:
        model, tuned = adapters.train(net, model, kind, SEED, adapter), {}
    after = held_out_loss(net, model)
    for name, dtype in DTYPES.items():
        base = load_file(root / name / "base" / "model.safetensors")
        if kind.adapter is None:
            state = in_dtype(base, tuned, start, dtype)
        else:
            found = adapters.merged(net.model(root / name / "base"), adapter, dtype)
            state = {n: found.get(n, tensor) for n, tensor in base.items()}
        _write(root / name / kind.name, root / name / "base", state)
    seconds = time.perf_counter() - started
    return {"loss_before": before, "loss_after": after, "seconds": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="finetunes", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--net", action="append", help="only this one; may be given again")
    parser.add_argument("--kind", action="append", help="only this one; may be given again")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.folder.mkdir(parents=True, exist_ok=True)
    told = args.folder / "made.json"
    made: dict[str, Any] = json.loads(told.read_text()) if told.exists() else {}
    made["text_sha256"] = text.fingerprint()
    for net in NETS:
        for kind in select(args.kind):
            name = f"{net.name}/{kind.name}"
            if (args.net is None or net.name in args.net) and name not in made:
                steps = max(4, round(kind.share * net.steps))
                rate = net.rates[kind.rate] if isinstance(kind.rate, int) else kind.rate
                made[name] = {"steps": steps, "rate": rate, "seed": SEED,
                              **_make(net, kind, args.folder / net.name)}  # fmt: skip
                write_text(told, json.dumps(made, indent=1) + "\n")
                print(name, made[name], flush=True)
    if (args.net is None or "wide" in args.net) and "wide" not in made:
        for name, dtype in DTYPES.items():
            adapters.synthetic(args.folder / "wide" / name, dtype)
        made["wide"] = {"synthetic": "random base, random adapter of rank 16, merged by peft"}
        write_text(told, json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
