"""How fast this machine is: a short matrix product and a copy, timed with numpy.

A plan that has no measured step takes these two rates; they are of this moment, on this machine,
with whatever else it is doing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tenth.figures import Figure

_SIZE = 384
_COPIED = 4 << 20
_BATCHES = 5


@dataclass(frozen=True)
class Calibration:
    """Rates of this machine: `gemm` in FLOP/s of float32, `copy` in bytes/s read and written."""

    gemm: Figure
    copy: Figure


def calibrate(seconds: float = 0.25) -> Calibration:
    """Time a float32 matrix product of 384³ and a copy of 16 MB, for `seconds` each.

    The value is the rate over all repetitions; the interval goes from the slowest to the fastest of
    five batches of them.

    Cost: twice `seconds`.
    Source: the two rates of a roofline, doi:10.1145/1498765.1498785.
    """
    generator = np.random.default_rng(0)
    left, right = generator.standard_normal((2, _SIZE, _SIZE), dtype=np.float32)
    product = np.empty_like(left)
    read = np.ones(_COPIED, dtype=np.float32)
    written = np.empty_like(read)
    return Calibration(
        _rate(lambda: np.matmul(left, right, out=product), 2 * _SIZE**3, "FLOP/s", seconds),
        _rate(lambda: np.copyto(written, read), 2 * read.nbytes, "bytes/s", seconds),
    )


def _rate(work: Callable[[], object], amount: float, unit: str, seconds: float) -> Figure:
    work()
    batches = [_repeat(work, seconds / _BATCHES) for _ in range(_BATCHES)]
    rates = [amount * times / spent for times, spent in batches]
    times, spent = (sum(column) for column in zip(*batches, strict=True))
    source = f"numpy, {times} repetitions here"
    return Figure(amount * times / spent, unit, min(rates), max(rates), "measured", source)


def _repeat(work: Callable[[], object], seconds: float) -> tuple[int, float]:
    """How often `work` ran, and in how many seconds."""
    times, start = 0, time.perf_counter()
    while not times or time.perf_counter() < start + seconds:
        work()
        times += 1
    return times, time.perf_counter() - start
