"""How well sketches foresee what a variant takes: `python -m finetunes.foresee FOLDER`.

For each pair made by `python -m finetunes FOLDER`: the bits a number that `tenth.keep.match`
foresees from two sketches, against those that the codecs write, chunk by chunk; the base that is
found among all bases, the largest error over tensors of 10,000 numbers or more, and how far the
weights moved.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from finetunes.__main__ import DTYPES
from tenth.files import write_text
from tenth.keep import codecs, header, match
from tenth.keep.dtypes import DTYPES as WIDTHS
from tenth.keep.predict.floats import singles

_LEAST = 10_000  # numbers of a tensor whose own error is told


class Held:
    """The tensors of a file, with their bytes."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        found = header.parse(data, len(data))
        self.values = {t.name: memoryview(data)[t.start : t.end] for t in found.tensors}
        self.seen = [
            match.Seen(
                blake3(self.values[t.name]).hexdigest(), t.name, t.dtype, t.shape,
                match.sketch(self.values[t.name], t.dtype),
            )
            for t in found.tensors
        ]  # fmt: skip


def written(values: memoryview, base: memoryview | None, dtype: str) -> int:
    """Bytes of a tensor's chunks."""
    step = WIDTHS[dtype].chunk_bytes
    total = 0
    for start in range(0, len(values), step):
        part = slice(start, start + step)
        under = None if base is None else base[part]
        total += len(codecs.encode(values[part], under, dtype).payload)
    return total


def moved(base: Held, variant: Held) -> dict[str, Any]:
    """The share of numbers that did not change, and how far those of a matrix moved.

    `update` is the median, over matrices that changed, of the spread of the change over that of
    the base.
    """
    same = count = 0
    updates = []
    for tensor in variant.seen:
        kind = WIDTHS[tensor.dtype]
        pair = (one.values[tensor.name] for one in (base, variant))
        before, after = (np.frombuffer(values, f"<u{kind.word}") for values in pair)
        same += int((before == after).sum())
        count += before.size
        if len(tensor.shape) > 1 and kind.exponent and (before != after).any():
            old, new = (singles(words, tensor.dtype) for words in (before, after))
            updates.append(float((new - old).std() / old.std()))
    return {
        "unchanged": round(same / count, 4),
        "update": float(f"{np.median(updates):.2g}") if updates else 0.0,
    }


def row(base: Held, variant: Held) -> dict[str, Any]:
    """Bits foreseen and written, of a number, over a model."""
    pool = match.Pool(base.seen)
    foreseen = bits = alone = count = 0.0
    worst = ("", 0.0, 0.0)
    for tensor in variant.seen:
        found = match.match(tensor, pool)
        words = tensor.size_bytes // WIDTHS[tensor.dtype].word
        under = base.values[tensor.name] if found.pays else None
        size = 8 * written(variant.values[tensor.name], under, tensor.dtype)
        foreseen += found.bits * words
        bits += size
        alone += found.raw * words
        count += tensor.numbers
        error = abs(found.bits - size / words) if words else 0.0
        if tensor.numbers >= _LEAST and error > abs(worst[1] - worst[2]):
            worst = (tensor.name, found.bits, size / words)
    return {
        **moved(base, variant),
        "foreseen_bits": round(foreseen / count, 3),
        "written_bits": round(bits / count, 3),
        "foreseen_bits_alone": round(alone / count, 3),
        "worst": {"name": worst[0], "foreseen": round(worst[1], 2), "written": round(worst[2], 2)},
    }


def pairs(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """Name, base and variant of each pair."""
    for net in sorted(path for path in folder.iterdir() if path.is_dir()):
        for dtype in DTYPES:
            base = net / dtype / "base" / "model.safetensors"
            for variant in sorted((net / dtype).glob("*/model.safetensors")):
                if variant != base:
                    yield f"{net.name}/{dtype}/{variant.parent.name}", base, variant


def candidates(bases: Sequence[Path]) -> list[match.Candidate]:
    """Every base, as a store shows it."""
    found = []
    for path in bases:
        seen = Held(path).seen
        name = f"{path.parts[-4]}/{path.parts[-3]}"
        found.append(match.Candidate(name, match.key(seen), lambda seen=seen: seen))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="finetunes.foresee", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    rows: dict[str, Any] = {}
    known = candidates(sorted({base for _, base, _ in pairs(folder)}))
    for name, base, variant in pairs(folder):
        held = Held(variant)
        rows[name] = {**row(Held(base), held), "found": match.find(held.seen, known).name}
        print(name, json.dumps(rows[name]), flush=True)
    write_text(folder / "foreseen.json", json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
