"""What a store in a folder survives; into docs/results/keep-failures.json.

kills        a process that puts, gets, pushes or collects is killed (SIGKILL) at a random moment;
             then every name must give the bytes of the old or of the new model, and gc must find
             and remove everything else
writers      eight processes put, read back and remove under own names and under one shared name,
             while two more run gc without grace that keeps only the newest version of a name
flips        every byte of a small store is changed in turn
truncations  every object of it is cut to every length

Wrong is a restored file that differs from what was put; lost is a name that cannot be restored.
Both must be 0. Detected is what `verify` finds; where it finds nothing, nothing wrong is served.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tenth.errors import ConflictError, TenthError
from tenth.files import write_text
from tenth.keep import Store
from tenth.receipt import facts

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "keep-failures.json"
FILE = "model.safetensors"
SHAPES = {"embed.weight": (256, 64), "layer.weight": (64, 64), "layer.bias": (64,)}
SMALL = {"layer.weight": (8, 16), "layer.bias": (16,)}
VERBS = ("put", "get", "push", "gc")
AGE_SECONDS = 3 * 86400
ONE_BY_ONE = {"threads": 1}


def model(seed: int, shapes: dict[str, tuple[int, ...]] = SHAPES) -> bytes:
    """A safetensors file: seed 0 is a base, every other one a fine-tune of it."""
    base, update = np.random.default_rng(0), np.random.default_rng(seed)
    header: dict[str, Any] = {}
    body = b""
    for name, shape in shapes.items():
        values = base.normal(0, 0.02, shape)
        if seed:
            values = values + update.normal(0, 1e-4, shape)
        data = values.astype("<f4").tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": offsets}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + body


def put(store: Store, name: str, seed: int, folder: Path) -> None:
    """Store the model of a seed; the message says which it is."""
    path = folder / f"{os.getpid()}-{name}" / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model(seed))
    store.put(name, path, message=str(seed), **ONE_BY_ONE)


def restored(store: Store, name: str, out: Path) -> bytes:
    shutil.rmtree(out, ignore_errors=True)
    store.get(name, out, **ONE_BY_ONE)
    return (out / FILE).read_bytes()


def checked(where: Path, out: Path) -> tuple[dict[str, int], Counter[str]]:
    """Restore every name; the seeds that the names hold, and how many are wrong or lost."""
    store = Store(where)
    seeds: dict[str, int] = {}
    found: Counter[str] = Counter()
    for listed in store.ls():
        if listed.name.startswith("unfinished/"):
            continue
        try:
            seeds[listed.name] = int(store.log(listed.name)[0].message)
            if restored(store, listed.name, out) != model(seeds[listed.name]):
                found["wrong"] += 1
        except TenthError:
            found["lost"] += 1
    return seeds, found


def forked(action: Callable[[], None]) -> tuple[int, int]:
    """Run in a process of its own; its id, and a pipe that says when it begins."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        os.read(reading, 1)
        return child, reading
    code = 1
    try:
        os.write(writing, b"!")
        action()
        code = 0
    except BaseException as error:
        print(f"a process failed: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def killed(action: Callable[[], None], after_seconds: float) -> str:
    """How the process ended that was to be killed: killed, ended before, or crashed by itself."""
    child, pipe = forked(action)
    time.sleep(after_seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(pipe)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return "killed"
    return "crashed" if status else "ended before"


def seconds_of(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    child, pipe = forked(action)
    os.waitpid(child, 0)
    os.close(pipe)
    return time.perf_counter() - began


class Trials:
    """Kills of one verb."""

    def __init__(self, verb: str, root: Path, rng: random.Random) -> None:
        self.verb = verb
        self.root = root / verb
        self.root.mkdir()
        self.store = self.root / "store"
        self.out = self.root / "out"
        self.source = Store(self.root / "source", make=True)
        self.rng = rng
        self.seed = 1
        store = Store(self.store, make=True)
        put(store, "base", 0, self.root)
        put(store, "task", self.seed, self.root)

    def prepared(self) -> Callable[[], None]:
        """What is to be killed, on something that is new each time."""
        self.seed += 1
        if self.verb == "put":
            return lambda: put(Store(self.store), "task", self.seed, self.root)
        if self.verb == "push":
            put(self.source, "pushed", self.seed, self.root)
            return lambda: _done(Store(self.root / "source").push(self.store, force=True))
        if self.verb == "gc":
            put(Store(self.store), "junk", self.seed, self.root)
            Store(self.store).rm("junk")
            return lambda: _done(Store(self.store).gc(grace_seconds=0))
        shutil.rmtree(self.out, ignore_errors=True)
        return lambda: _done(Store(self.store).get("task", self.out, **ONE_BY_ONE))

    def run(self, count: int) -> dict[str, Any]:
        usual = median(seconds_of(self.prepared()) for _ in range(5))
        seen: Counter[str] = Counter()
        for _ in range(count):
            before, _ = checked(self.store, self.root / "check")
            action = self.prepared()
            seen[killed(action, self.rng.uniform(0, 1.5 * usual))] += 1
            if self.verb == "get" and (self.out / FILE).exists():
                whole = (self.out / FILE).read_bytes() == model(before["task"])
                seen["file whole" if whole else "wrong"] += 1
            after, found = checked(self.store, self.root / "check")
            seen += found
            if self.verb in ("put", "push"):
                seen["new state" if after != before else "old state"] += 1
            missing = set(before) - set(after)
            seen["lost"] += len(missing)
        return {"usual_seconds": round(usual, 4), **told(seen), **self.cleared()}

    def cleared(self) -> dict[str, Any]:
        """What the kills left, and what of it is there after a gc three days later."""
        left = litter(self.store)
        for path in self.store.rglob("*"):
            if path.is_file():
                then = path.stat().st_mtime - AGE_SECONDS
                os.utime(path, (then, then))
        Store(self.store).gc(grace_seconds=0)
        problems = Store(self.store).verify(depth="deep").problems
        _, found = checked(self.store, self.root / "check")
        return {
            "litter_files": left,
            "litter_files_after_gc": litter(self.store),
            "problems_at_the_end": len(problems) + found.total(),
        }


def _done(result: object) -> None:
    """A verb whose result does not matter."""


def told(seen: Counter[str]) -> dict[str, int]:
    """Counts as they are written; those that must be 0 are always among them."""
    names = {*seen, "wrong", "lost", "crashed"}
    return {name.replace(" ", "_"): seen[name] for name in sorted(names)}


def litter(where: Path) -> int:
    """Files of a store that are neither needed nor a log."""
    store = Store(where)
    needed = store._shelf.reach()()
    folders = ("tmp/", "leases/", "trash/", "doomed/", "objects/", "manifests/")
    keys = {str(path.relative_to(where)) for path in where.rglob("*") if path.is_file()}
    return sum(key.startswith(folders) and key not in needed for key in keys)


def write_for(where: Path, number: int, end: float, root: Path) -> Counter[str]:
    """One of many writers: its own name is always what it put last."""
    rng = random.Random(number)
    seen: Counter[str] = Counter()
    own, mine, out = f"own-{number}", 0, root / f"out-{number}"
    while time.time() < end:
        store = Store(where)
        seed = rng.randrange(1, 40)  # the same for all, so that they meet
        try:
            put(store, own, seed, root)
            mine = seed
            seen["puts"] += 1
            put(store, "shared", seed, root)
            seen["puts"] += 1
        except ConflictError:
            seen["conflicts"] += 1
        if mine:
            seen["reads"] += 1
            if restored(Store(where), own, out) != model(mine):
                seen["wrong"] += 1
        if rng.random() < 0.3 and mine:
            store.rm(own)
            mine = 0
            seen["removals"] += 1
    return seen


def collect_for(where: Path, end: float) -> Counter[str]:
    seen: Counter[str] = Counter()
    while time.time() < end:
        seen["objects deleted"] += len(Store(where).gc(grace_seconds=0, versions=1).deleted)
        seen["gcs"] += 1
    return seen


def writers(count: int, seconds: float, root: Path) -> dict[str, Any]:
    where = root / "shared"
    put(Store(where, make=True), "base", 0, root)
    end = time.time() + seconds
    jobs = [lambda n=n: write_for(where, n, end, root) for n in range(count)]
    jobs += [lambda: collect_for(where, end)] * 2
    children: list[tuple[int, int, Path]] = []
    for number, job in enumerate(jobs):
        path = root / f"seen-{number}.json"
        child, pipe = forked(lambda job=job, path=path: _write_json(path, job()))
        children.append((child, pipe, path))
    seen: Counter[str] = Counter()
    for child, pipe, path in children:
        _, status = os.waitpid(child, 0)
        os.close(pipe)
        if status:
            seen["crashed"] += 1
        else:
            seen += Counter(json.loads(path.read_text()))
    _, found = checked(where, root / "check")
    seen += found
    generations = [ref.generation for ref in Store(where).log("shared")]
    whole = generations == [*range(len(generations), 0, -1)]
    problems = len(Store(where).verify(depth="deep").problems)
    return {
        "writers": count,
        "seconds": seconds,
        **told(seen),
        "log_without_gaps": whole,
        "problems_at_the_end": problems,
    }


def _write_json(path: Path, seen: Counter[str]) -> None:
    path.write_text(json.dumps(seen))


def small_store(root: Path) -> tuple[Path, dict[str, bytes]]:
    """A store of a few kB: a base, a variant of two versions, and what each must give."""
    where = root / "small"
    store = Store(where, make=True)
    folder = root / "small-model"
    folder.mkdir()
    wanted: dict[str, bytes] = {}
    for name, seed in (("base", 0), ("task", 1)):
        wanted[name] = model(seed, SMALL)
        (folder / FILE).write_bytes(wanted[name])
        store.put(name, folder / FILE, **ONE_BY_ONE)
    return where, wanted


def changed(where: Path, wanted: dict[str, bytes], path: Path, data: bytes) -> Counter[str]:
    """What a store does of which one file has other bytes."""
    seen: Counter[str] = Counter(cases=1)
    whole = path.read_bytes()
    path.write_bytes(data)
    out = where.parent / "small-out"
    try:
        try:
            detected = bool(Store(where).verify(depth="deep", **ONE_BY_ONE).problems)
        except TenthError:
            detected = True
        except Exception:
            detected = False
            seen["crashed"] += 1
        seen["detected" if detected else "not detected"] += 1
        for name, right in wanted.items():
            try:
                got = restored(Store(where), name, out)
            except TenthError:
                seen["refused to serve"] += 1
            except Exception:  # anything else is no answer to damage
                seen["crashed"] += 1
            else:
                seen["served right" if got == right else "wrong"] += 1
    finally:
        path.write_bytes(whole)
    return seen


def flips(root: Path, step: int, rng: random.Random) -> dict[str, Any]:
    where, wanted = small_store(root)
    seen: Counter[str] = Counter()
    for path, whole in _objects(where):
        for at in range(rng.randrange(step), len(whole), step):
            data = bytearray(whole)
            data[at] ^= rng.randrange(1, 256)
            seen += changed(where, wanted, path, bytes(data))
    return {"of_every_bytes": step, **told(seen)}


def truncations(root: Path, step: int, rng: random.Random) -> dict[str, Any]:
    where = root / "small"
    wanted = {name: model(seed, SMALL) for name, seed in (("base", 0), ("task", 1))}
    seen: Counter[str] = Counter()
    for path, whole in _objects(where):
        for size in range(rng.randrange(step), len(whole), step):
            seen += changed(where, wanted, path, whole[:size])
    return {"of_every_lengths": step, **told(seen)}


def _objects(where: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(where.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def measured(args: argparse.Namespace, root: Path) -> dict[str, Any]:
    rng = random.Random(args.seed)
    kills = {verb: Trials(verb, root, rng).run(args.kills) for verb in VERBS}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": facts.hardware(),
        "seed": args.seed,
        "model_bytes": len(model(1)),
        "model_sha256": hashlib.sha256(model(1)).hexdigest(),
        "kills": kills,
        "writers": writers(args.writers, args.seconds, root),
        "flips": flips(root, args.step, rng),
        "truncations": truncations(root, args.step, rng),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200, help="of each verb")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--step", type=int, default=1, help="take each n-th byte and length only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        content = measured(args, Path(name))
    write_text(args.out, json.dumps(content, indent=1) + "\n")
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
