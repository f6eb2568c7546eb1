"""What real fine-tunes take in a store, against limits and rivals; into docs/results/keep.json.

    cd bench && python -m finetunes FOLDER        make the pairs, once
    python bench/keep.py FOLDER --rivals PYTHON   every pair; PYTHON has zipnn and z4ai
    python bench/keep.py --print                  the tables of what was measured

A row is one network, one type of numbers and one kind of tuning. Ours is what the store grew by,
manifest and all, in either tier; each put is read back and compared. Beside it stand XOR with the
base in byte planes under zstd, as BitX does it, with the best of three settings of zstd a plane;
zipnn; z4ai; and the entropy of the differences of single numbers, which coders that look at one
number at a time cannot beat. Rivals store what equals the base as nothing, and each tensor in the
smaller of their ways.
"""

import argparse
import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from finetunes.foresee import pairs
from tenth.files import write_text
from tenth.keep import Store, header
from tenth.keep.dtypes import DTYPES
from tenth.receipt import facts
from tenth.ship.bench.report import columns

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "keep.json"
TIERS = ("fast", "archive")
RIVALS = ("zipnn", "z4ai")
BAR = 0.9
_ZSTD = {
    "level 3": zstandard.ZstdCompressor(level=3),
    "level 9": zstandard.ZstdCompressor(level=9),
    "Huffman": zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters.from_level(
            1,
            strategy=zstandard.STRATEGY_FAST,
            hash_log=6,
            min_match=7,
            target_length=0,
            window_log=17,
        )
    ),
}


def tensors(base: Path, variant: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Type, words of the variant and words of the base, of each tensor."""
    data, before = variant.read_bytes(), base.read_bytes()
    known = {tensor.name: tensor for tensor in header.parse(before, len(before)).tensors}
    for tensor in header.parse(data, len(data)).tensors:
        old, word = known[tensor.name], f"<u{DTYPES[tensor.dtype].word}"
        yield (
            tensor.dtype,
            np.frombuffer(data[tensor.start : tensor.end], word),
            np.frombuffer(before[old.start : old.end], word),
        )


def planes_bytes(words: np.ndarray) -> int:
    """Byte planes, each under the best setting of zstd, or as it is."""
    size = words.dtype.itemsize
    planes = words.view(np.uint8).reshape(-1, size).T
    return sum(
        min(plane.size, *(len(coder.compress(plane.tobytes())) for coder in _ZSTD.values()))
        for plane in planes
    )


def bitx_bytes(values: np.ndarray, base: np.ndarray) -> int:
    """XOR with the base, or alone; nothing where they are equal."""
    if np.array_equal(values, base):
        return 0
    return min(planes_bytes(values ^ base), planes_bytes(values))


def entropy_bits(symbols: np.ndarray) -> float:
    """Order-0 entropy of all symbols together, in bits."""
    counts = np.unique(symbols, return_counts=True)[1]
    return float(-(counts * np.log2(counts / symbols.size)).sum())


def limit_bytes(values: np.ndarray, base: np.ndarray) -> float:
    """The entropy of the differences: of words of 16 bits whole, of wider ones plane by plane."""
    left = values - base
    if left.dtype.itemsize <= 2:
        return entropy_bits(left) / 8
    biased = left + left.dtype.type(0x80808080)
    return sum(entropy_bits(plane) for plane in biased.view(np.uint8).reshape(-1, 4).T) / 8


def stored(base: Path, variant: Path, tier: str) -> dict[str, Any]:
    """What a store grows by, and whether it gives the file back."""
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        store = Store(Path(name) / "store", make=True)
        store.put("base", base.parent)
        before = store.du().place_bytes
        store.put("variant", variant.parent, base="base", tier=tier)
        usage = store.du()
        store.get("variant", Path(name) / "out")
        again = Path(name) / "out" / variant.name
        same = hashlib.sha256(again.read_bytes()).digest()
        if same != hashlib.sha256(variant.read_bytes()).digest():
            raise SystemExit(f"{variant} did not come back")
        share = next(share for share in usage.shares if share.name == "variant")
        return {"bytes": usage.place_bytes - before, "codecs": dict(share.by_codec)}


def rival(name: str, python: str, base: Path, variant: Path) -> dict[str, Any]:
    """What another program makes of it, in its own environment."""
    arrays: dict[str, Any] = {}
    for number, (dtype, values, old) in enumerate(tensors(base, variant)):
        arrays |= {f"values_{number}": values.view(np.uint8), f"base_{number}": old.view(np.uint8)}
        arrays[f"dtype_{number}"] = np.str_(dtype)
    with tempfile.TemporaryDirectory(prefix="tenth-") as folder:
        path = Path(folder) / "pair.npz"
        np.savez(path, **arrays)
        script = Path(__file__).parent / "keep_rivals.py"
        run = subprocess.run(
            [python, str(script), name, str(path)], capture_output=True, text=True, check=False
        )
    if run.returncode:
        return {"error": run.stderr.strip().splitlines()[-1]}
    return json.loads(run.stdout.splitlines()[-1])


def measured(base: Path, variant: Path, python: str | None) -> dict[str, Any]:
    """One row."""
    full = changed = 0
    limit = 0.0
    bitx = 0
    for _, values, old in tensors(base, variant):
        full += values.nbytes
        changed += int((values != old).sum())
        limit += limit_bytes(values, old)
        bitx += bitx_bytes(values, old)
    row: dict[str, Any] = {
        "file_bytes": sum(p.stat().st_size for p in variant.parent.rglob("*") if p.is_file()),
        "tensor_bytes": full,
        "changed": changed / max(1, sum(v.size for _, v, _ in tensors(base, variant))),
        "limit_bytes": limit,
        "xor_zstd": {"bytes": bitx},
        **{f"tenth_{tier}": stored(base, variant, tier) for tier in TIERS},
    }
    return row | {name: rival(name, python, base, variant) for name in RIVALS if python}


def whole_store(folder: Path) -> dict[str, Any]:
    """One store of every variant of one network, in all types, and of its base; all restored."""
    chosen = [pair for pair in pairs(folder) if pair[0].startswith("minilm/")]
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        store = Store(Path(name) / "store", make=True)
        models = {f"{base.parts[-4]}-{base.parts[-3]}": base.parent for _, base, _ in chosen}
        models |= {pair.replace("/", "-"): variant.parent for pair, _, variant in chosen}
        for ref, path in models.items():
            store.put(ref, path)  # finds its base
        restored = 0
        for ref, path in models.items():
            out = Path(name) / "out" / ref
            store.get(ref, out)
            restored += _folder(out) == _folder(path)
        return {
            "models": len(models),
            "full_bytes": sum(sum(f.stat().st_size for f in p.rglob("*") if f.is_file())
                              for p in models.values()),
            "stored_bytes": store.du().place_bytes,
            "restored_identical": restored,
        }  # fmt: skip


def _folder(path: Path) -> dict[str, str]:
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def ratio_row(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of the table: how many times smaller, and ours against the best of the others."""
    full = row["tensor_bytes"]

    def times(size: float) -> str:
        return "nothing left" if size == 0 else f"{full / size:.2f}×"

    others = {
        one: row[one]["bytes"] for one in ("xor_zstd", *RIVALS) if "bytes" in row.get(one, {})
    }
    best = min(others.values())
    ours = row["tenth_fast"]["bytes"]
    return (
        name,
        f"{row['changed']:.1%}",
        times(ours),
        times(row["tenth_archive"]["bytes"]),
        times(row["limit_bytes"]),
        *(times(others[one]) if one in others else "" for one in ("xor_zstd", *RIVALS)),
        f"{ours / best:.2f}" if best else "",
        "holds" if not best or ours <= BAR * best else "missed",
    )


def machine() -> dict[str, Any]:
    """Where and when."""
    date = datetime.now(UTC).date().isoformat()
    return {**facts.hardware(), "software": facts.software(), "date": date}


def show(results: Mapping[str, Any]) -> str:
    """The table of sizes."""
    head = (
        "pair",
        "changed",
        "ours",
        "archive",
        "entropy",
        "XOR+zstd",
        *RIVALS,
        "to best",
        "≤ 0.9",
    )
    return columns([head, *(ratio_row(name, row) for name, row in results["rows"].items())])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="what `python -m finetunes` made")
    parser.add_argument("--rivals", help="the Python that has zipnn and z4ai")
    parser.add_argument("--only", default="", help="pairs whose name begins so")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--print", action="store_true", help="the table, without a run")
    given = parser.parse_args()
    known = json.loads(given.out.read_text()) if given.out.exists() else {"rows": {}}
    if given.folder is not None and not given.print:
        for name, base, variant in pairs(given.folder):
            if name.startswith(given.only):
                known["rows"][name] = measured(base, variant, given.rivals)
                print("  ".join(ratio_row(name, known["rows"][name])), flush=True)
        if not given.only:
            known["store"] = whole_store(given.folder)
        known["machine"] = machine()
        write_text(given.out, json.dumps(known, indent=1) + "\n")
    print(show(known))


if __name__ == "__main__":
    main()
