"""The roof over a program: the most that one core of this machine computes, and moves."""

import ctypes
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from tenth.kernels import compile_library
from tenth.ship.binding import Library

_TURNS = 1_000_000
_FLOATS = 2**24  # three arrays of 64 MB: beyond most caches
_ROUNDS = 25


@dataclass(frozen=True)
class Roof:
    """FLOP a second of multiply-adds in registers; bytes a second of a triad in memory."""

    flops_per_second: float
    bytes_per_second: float

    def at(self, flops_per_byte: float) -> float:
        """The most FLOP a second where so many FLOPs are done for each byte moved."""
        return min(self.flops_per_second, flops_per_byte * self.bytes_per_second)


def measure() -> Roof:
    """Measure one core, at the width of vectors that a program is built with here.

    Cost: a second and 200 MB.

    Raises:
        CompileError: there is no compiler, or it failed.
    """
    functions = _library().functions
    out = np.empty(64, np.float32)
    a, b, c = (np.ones(_FLOATS, np.float32) for _ in range(3))
    multiply, triad = functions.roof_multiply, functions.roof_triad
    multiply.restype = triad.restype = ctypes.c_double
    multiply.argtypes = [ctypes.c_int64, ctypes.c_void_p]
    triad.argtypes = [*[ctypes.c_void_p] * 3, ctypes.c_int64]
    places = [array.ctypes.data for array in (a, b, c)]
    return Roof(
        flops_per_second=_best(lambda: multiply(_TURNS, out.ctypes.data)),
        bytes_per_second=_best(lambda: triad(*places, _FLOATS)),
    )


def _best(work: Callable[[], float]) -> float:
    """The most work in a second of this thread: a roof is what is reached undisturbed."""
    work()
    rates = []
    for _ in range(_ROUNDS):
        began = time.thread_time()
        done = work()
        rates.append(done / (time.thread_time() - began))
    return max(rates)


def _library() -> Library:
    source = resources.files("tenth.ship.bench").joinpath("roof.c").read_bytes()
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        folder = Path(name)
        (folder / "roof.c").write_bytes(source)
        compile_library([folder / "roof.c"], folder / "roof.so")
        return Library((folder / "roof.so").read_bytes())
