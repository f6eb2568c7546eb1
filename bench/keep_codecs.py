"""The codecs of `tenth keep` on arrays: sizes beside their limits, speeds of a core and of all.

    python bench/keep_codecs.py                       synthetic pairs of one chunk each
    python bench/keep_codecs.py --pair BASE VARIANT   tensors of two safetensors files, by name
    python bench/keep_codecs.py --json FILE           what was measured, for a machine
    python bench/keep_codecs.py --numpy               without the C

Synthetic weights are N(0, 0.02), updates N(0, r 0.02) and independent of them: an assumption, on
which every ratio of those rows rests. Limits: of raw and of differences the entropy of order 0 of
whole words, for 16-bit types; of F32 differences that of the update itself, which knows the base;
of sparse rows the entropy of places and steps. `bitx` is the base taken off by exclusive or, byte
planes, zstd at level 1. Seconds are the least of a few runs: of the thread's processor time for one
core, of the clock for all cores, each with its own chunks.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import zstandard

from tenth.files import write_text
from tenth.keep import header, native
from tenth.keep.codecs import CODECS, decode, encode
from tenth.keep.codecs.chunk import Chunk
from tenth.keep.dtypes import CHUNK_ELEMENTS, DTYPES
from tenth.keep.native.words import Words, words_of
from tenth.keep.predict import lowrank
from tenth.keep.predict.floats import narrow, ulp, widen
from tenth.ship.bench.report import columns

SIGMA = 0.02
RATIOS = (1e-4, 1e-3, 1e-2, 1e-1)
CHANGED = (0.001, 0.01, 0.05, 0.1, 0.2)
REPEATS = 5


@dataclass(frozen=True)
class Row:
    """One chunk under one codec; ratios are of the plain bytes, speeds GB of those a second."""

    pair: str
    codec: str
    ratio: float
    limit: float | None
    bitx: float | None
    encode: float
    decode: float
    decode_all: float


@dataclass(frozen=True)
class Pair:
    """A chunk and its base, and the ratio of its limit, where that is known."""

    name: str
    dtype: str
    base: Words | None
    values: Words
    limit: float | None = None


def entropy(words: Words) -> float:
    """Bits a word, of order 0."""
    counts = np.unique(words, return_counts=True)[1]
    share = counts / words.size
    return float(-(share * np.log2(share)).sum())


def gaussian(dtype: str, ratio: float, rng: np.random.Generator) -> Pair:
    base = narrow(rng.standard_normal(CHUNK_ELEMENTS) * SIGMA, dtype)
    update = rng.standard_normal(CHUNK_ELEMENTS) * (SIGMA * ratio)
    values = narrow(widen(base, dtype) + update, dtype)
    if base.itemsize == 2:
        bits = entropy(values - base)
    else:  # of the update itself, counted in the steps of the floats where it lands
        bits = float(np.mean(np.log2(np.sqrt(2 * np.pi * np.e) * SIGMA * ratio / ulp(base, dtype))))
    return Pair(f"{dtype} r={ratio:g}", dtype, base, values, 8 * base.itemsize / bits)


def changed(dtype: str, share: float, rng: np.random.Generator) -> Pair:
    base = narrow(rng.standard_normal(CHUNK_ELEMENTS) * SIGMA, dtype)
    steps = rng.choice(np.array([1, -1]), base.size) * (rng.random(base.size) < share)
    p = float(np.mean(steps != 0))
    bits = -p * np.log2(p) - (1 - p) * np.log2(1 - p) + p
    values = base + steps.astype(base.dtype)
    return Pair(f"{dtype} {share:.1%} changed", dtype, base, values, 8 * base.itemsize / bits)


def pruned(dtype: str, rng: np.random.Generator) -> Pair:
    pair = gaussian(dtype, 1e-2, rng)
    size = np.abs(widen(pair.values, dtype))
    keep = size > np.quantile(size, 0.9)
    values = np.where(keep, pair.values, np.zeros_like(pair.values))
    return Pair(f"{dtype} pruned 90 %", dtype, pair.base, values)


def alone(dtype: str, rng: np.random.Generator) -> Pair:
    values = narrow(rng.standard_normal(CHUNK_ELEMENTS) * SIGMA, dtype)
    limit = 16 / entropy(values) if values.itemsize == 2 else None
    return Pair(f"{dtype} no base", dtype, None, values, limit)


def synthetic() -> Iterator[tuple[Pair, tuple[str, ...]]]:
    """Pairs, and the codecs to measure beside the one that is chosen."""
    rng = np.random.default_rng(0)
    for dtype in ("BF16", "F16", "F32"):
        yield alone(dtype, rng), ("raw",)
        for ratio in RATIOS:
            yield gaussian(dtype, ratio, rng), ("sub", "ctx")
    for share in CHANGED:
        yield changed("BF16", share, rng), ("sparse",)
    same = alone("BF16", rng).values
    yield Pair("BF16 equal", "BF16", same, same.copy()), ("copy",)
    yield pruned("BF16", rng), ("mask",)


def of_files(base: Path, variant: Path) -> Iterator[tuple[Pair, tuple[str, ...]]]:
    """Chunks of tensors that stand in both files under one name and with one type."""
    old, new = tensors(base), tensors(variant)
    for name in sorted(set(old) & set(new)):
        (before, kind), (after, dtype) = old[name], new[name]
        if kind != dtype or before.size != after.size:
            continue
        size = DTYPES[dtype].chunk_bytes // DTYPES[dtype].word
        for start in range(0, after.size, size):
            here = slice(start, start + size)
            yield Pair(f"{name}[{start}]", dtype, before[here], after[here]), ()


def tensors(path: Path) -> dict[str, tuple[Words, str]]:
    data = memoryview(path.read_bytes())
    found = header.parse(bytes(data), len(data)).tensors
    return {t.name: (words_of(data[t.start : t.end], DTYPES[t.dtype].word), t.dtype) for t in found}


def seconds(call: Callable[[], object], clock: Callable[[], float]) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        start = clock()
        call()
        best = min(best, clock() - start)
    return best


def bitx(pair: Pair) -> float | None:
    if pair.base is None:
        return None
    table = (pair.base ^ pair.values).view(np.uint8).reshape(pair.values.size, -1)
    planes = (np.ascontiguousarray(table[:, k]) for k in range(table.shape[1]))
    size = sum(len(zstandard.ZstdCompressor(level=1).compress(plane.data)) for plane in planes)
    return pair.values.nbytes / size


def measured(pair: Pair, name: str | None, tier: str) -> Row | None:
    """One row; `name` None: the codec that is chosen."""
    base = None if pair.base is None else pair.base.data
    if name is None:
        encoded = encode(pair.values.data, base, pair.dtype, tier)  # type: ignore[arg-type]
        used, payload = encoded.codec, encoded.payload

        def write() -> object:
            return encode(pair.values.data, base, pair.dtype, tier)  # type: ignore[arg-type]
    else:
        codec = CODECS[name]
        chunk = Chunk(pair.values, pair.base, DTYPES[pair.dtype])
        body = codec.encode(chunk)
        if body is None:
            return None
        used, payload = name, b"" if name == "copy" else bytes((codec.version,)) + body

        def write() -> object:
            return codec.encode(chunk)

    workers = os.cpu_count() or 1
    outs = [np.empty_like(pair.values) for _ in range(workers)]

    def read(out: Words) -> None:
        decode(used, payload, pair.dtype, base, out.data)

    def read_many(out: Words) -> None:
        for _ in range(4):
            read(out)

    with ThreadPoolExecutor(workers) as pool:
        clock = seconds(lambda: list(pool.map(read_many, outs)), time.perf_counter)
    if not all(np.array_equal(out, pair.values) for out in outs):
        sys.exit(f"{pair.name}: {used} gave other words")
    size = pair.values.nbytes
    return Row(
        pair.name,
        used if name else f"{tier}: {used}",
        size / max(1, len(payload)),
        pair.limit,
        bitx(pair),
        size / 1e9 / seconds(write, time.thread_time),
        size / 1e9 / seconds(lambda: read(outs[0]), time.thread_time),
        4 * workers * size / 1e9 / clock,
    )


def adapters() -> Iterator[list[str]]:
    """Merged adapters: bytes with the predictor, beside plain differences."""
    rng = np.random.default_rng(1)
    for side, rank in ((384, 8), (384, 16), (2048, 16)):
        for dtype in ("BF16", "F16", "F32"):
            base = narrow(rng.standard_normal((side, side)) * SIGMA, dtype)
            product = rng.standard_normal((side, rank)) @ rng.standard_normal((rank, side))
            merged = widen(base, dtype) + product * (0.05 * SIGMA / product.std())
            values = narrow(merged.astype(np.float32).astype(np.float64), dtype)
            start = time.process_time()
            parameters = lowrank.fit(values.tobytes(), base.tobytes(), values.shape, dtype)
            spent = time.process_time() - start
            plain = len(encode(values.tobytes(), base.tobytes(), dtype).payload)
            if parameters is None:
                yield [f"{dtype} {side}, rank {rank}", "not found", "", f"{spent:.2f}"]
                continue
            guess = lowrank.predict(parameters, base.tobytes(), values.shape, dtype, 0, base.size)
            left = len(encode(values.tobytes(), guess, dtype).payload)
            yield [
                f"{dtype} {side}, rank {rank}",
                f"{values.nbytes / (len(parameters) + left):.1f}x",
                f"{values.nbytes / plain:.2f}x",
                f"{spent:.2f}",
            ]


def table(rows: list[Row]) -> str:
    head = ["pair", "codec", "ratio", "limit", "bitx", "encode", "decode", "decode, all cores"]
    body = [
        [
            row.pair,
            row.codec,
            f"{row.ratio:,.2f}x",
            "" if row.limit is None else f"{row.limit:,.2f}x",
            "" if row.bitx is None else f"{row.bitx:,.2f}x",
            *(f"{speed:.2f}" for speed in (row.encode, row.decode, row.decode_all)),
        ]
        for row in rows
    ]
    return columns([head, *body])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pair", nargs=2, type=Path, metavar=("BASE", "VARIANT"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--numpy", action="store_true")
    parser.add_argument("--tier", choices=["fast", "archive"], default="fast")
    args = parser.parse_args()
    if args.numpy:
        native.kernel = lambda: None
    pairs = synthetic() if args.pair is None else of_files(*args.pair)
    rows = [
        row
        for pair, names in pairs
        for name in (*names, None)
        if (row := measured(pair, name, args.tier)) is not None
    ]
    print(table(rows))
    if args.pair is None and not args.numpy:
        print("\nmerged adapters: ratio, that of plain differences, CPU seconds of the fit")
        print(columns(list(adapters())))
    if args.json is not None:
        write_text(args.json, json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
