"""One engine with one network, in a process of its own; run by `race`, never imported.

The interpreter may be another one, with packages of other versions: nothing of tenth is imported
unless the engine is tenth. It is told what to do as one JSON argument; then each line it reads is
two numbers of runs, those before the clock starts and those that are timed, and each line it writes
a JSON object. Ends when its input ends.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Run = Callable[[], Sequence[np.ndarray]]


def tenth(model: str, inputs: Sequence[np.ndarray], threads: int) -> Run:
    """The folder of a saved program."""
    program = importlib.import_module("tenth.ship").load(model, threads=threads)

    def run() -> Sequence[np.ndarray]:
        y = program(*inputs)
        return y if isinstance(y, tuple) else (y,)

    return run


def onnxruntime(model: str, inputs: Sequence[np.ndarray], threads: int) -> Run:
    """An ONNX file, with the optimizations that are on by default: all of them."""
    package = importlib.import_module("onnxruntime")
    options = package.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = package.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {port.name: x for port, x in zip(session.get_inputs(), inputs, strict=True)}
    return lambda: session.run(None, feed)


def openvino(model: str, inputs: Sequence[np.ndarray], threads: int) -> Run:
    """An ONNX file in float32, one request at a time."""
    package = importlib.import_module("openvino")
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
    }
    compiled = package.Core().compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    return lambda: list(request.infer(list(inputs)).values())


def deepsparse(model: str, inputs: Sequence[np.ndarray], threads: int) -> Run:
    """An ONNX file of opset 13, whose first axis is the batch."""
    package = importlib.import_module("deepsparse")
    shapes = [list(x.shape) for x in inputs]
    engine = package.Engine(
        model=model, batch_size=len(inputs[0]), num_cores=threads, input_shapes=shapes
    )
    return lambda: engine.run(list(inputs), val_inp=False)


ENGINES: Mapping[str, Callable[[str, Sequence[np.ndarray], int], Run]] = {
    "tenth": tenth,
    "onnxruntime": onnxruntime,
    "openvino": openvino,
    "deepsparse": deepsparse,
}


def main() -> None:
    """Load, run once, then run as often as is asked for."""
    order = json.loads(sys.argv[1])
    # engines that print would break the talk: what they print goes to standard error
    talk = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, order["processors"])
    os.environ["OMP_NUM_THREADS"] = str(order["threads"])

    def say(**words: Any) -> None:
        print(json.dumps(words), file=talk, flush=True)

    try:
        importlib.import_module("tenth.ship" if order["engine"] == "tenth" else order["engine"])
    except ImportError as error:
        say(absent=str(error))
        return
    try:
        run, facts = _loaded(order)
    except Exception as error:  # whatever an engine raises is told, not shown as a traceback
        say(failed=f"{type(error).__name__}: {error}"[:400])
        return
    say(**facts)
    for line in sys.stdin:
        say(**_sample(run, *map(int, line.split())))


def _loaded(order: Mapping[str, Any]) -> tuple[Run, dict[str, Any]]:
    """The network ready to run, and what loading it took; its outputs are written to a file."""
    with np.load(order["inputs"]) as file:
        inputs = [file[name] for name in file.files]
    before = memory_bytes("VmRSS")
    _forget_peak()
    began = time.perf_counter()
    run = ENGINES[order["engine"]](order["model"], inputs, order["threads"])
    outputs = run()
    seconds = time.perf_counter() - began
    np.savez(order["outputs"], *outputs)
    load_peak = memory_bytes("VmHWM")
    run()
    _forget_peak()
    run()
    run_peak = memory_bytes("VmHWM")
    return run, {
        "version": _version(order["engine"]),
        "load_seconds": seconds,
        "load_peak_bytes": _less(load_peak, before),
        "run_peak_bytes": _less(run_peak, before),
    }


def _sample(run: Run, before: int, runs: int) -> dict[str, float]:
    """Seconds a run, after some that are not counted and bring the caches back."""
    for _ in range(before):
        run()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(runs):
        run()
    return {
        "wall": (time.perf_counter() - wall) / runs,
        "cpu": (time.process_time() - cpu) / runs,
    }


def memory_bytes(name: str) -> int | None:
    """A line of /proc/self/status, such as VmRSS; None where there is none."""
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    lines = (line.split() for line in text.splitlines())
    return next((1024 * int(words[1]) for words in lines if words[0] == f"{name}:"), None)


def _forget_peak() -> None:
    """Let the peak of resident memory begin anew; without effect where the system cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _less(peak: int | None, before: int | None) -> int | None:
    return None if peak is None or before is None else peak - before


def _version(engine: str) -> str:
    return str(getattr(importlib.import_module(engine), "__version__", "unknown"))


if __name__ == "__main__":
    main()
