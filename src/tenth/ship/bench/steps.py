"""The time of each step of a program, and what it did in that time."""

import ctypes
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenth.kernels import compile_library
from tenth.kernels.toolchain import LIBRARY_FLAGS
from tenth.ship.binding import Binding, Library
from tenth.ship.program import Program

_WARM_RUNS = 2
_SAMPLE_SECONDS, _MOST_REPEATS = 2e-3, 1000
"""A clock may tick in quarters of a microsecond, which is all that a small step takes: the mean of
many runs tells more."""
_LEAST_SECONDS = 1e-9  # of a step that the clock does not see


@dataclass(frozen=True)
class StepTime:
    """One step. A step without weights has no shape, no kernel, and a density of 1.

    `flops` count every weight, `useful_flops` those that are not zero; `moved_bytes` are the
    activations read and written and the weights, once each.
    """

    name: str
    path: str
    op: str
    shape: tuple[int, ...]
    density: float
    kernel: str
    seconds: float
    flops: int
    useful_flops: int
    moved_bytes: int

    @property
    def rate(self) -> float:
        """Useful FLOP a second."""
        return self.useful_flops / self.seconds

    @property
    def intensity(self) -> float:
        """Useful FLOP for each byte moved."""
        return self.useful_flops / max(1, self.moved_bytes)


def time_steps(
    program: Program, inputs: Sequence[np.ndarray], *, runs: int = 15
) -> tuple[StepTime, ...]:
    """The median time of each step on one thread, in the order they run.

    The program is built anew with a clock between its steps.

    Raises:
        CompileError: there is no compiler, or it failed.
        InputError: the inputs are not those of the program.
    """
    interface, manifest = program.manifest.interface, program.manifest
    library = _with_clock(program.files)
    weights = program.files.get("weights.bin") or library.weights(
        interface.name, manifest.weights_bytes
    )
    binding = Binding(library, interface, weights)
    sizes = interface.bind([x.shape for x in inputs])
    names, clock = _clock(library, interface.name)

    def sample(repeats: int) -> np.ndarray:
        """The mean seconds of each step in some runs."""
        clock[:] = 0
        for _ in range(repeats):
            binding.run(inputs, sizes)
        return clock * (1e-9 / repeats)

    once = float(min(sample(1).sum() for _ in range(_WARM_RUNS)))
    repeats = max(1, min(_MOST_REPEATS, round(_SAMPLE_SECONDS / max(once, _LEAST_SECONDS))))
    medians = np.median([sample(repeats) for _ in range(runs)], axis=0)
    layers = {layer.name: layer for layer in manifest.layers}
    works = {work.name: work for work in manifest.work}
    found: list[StepTime] = []
    for name, seconds in zip(names, medians.tolist(), strict=True):
        layer, work = layers.get(name), works.get(name)
        found.append(
            StepTime(
                name=name,
                path=work.path if work else "",
                op=work.op if work else "copy",
                shape=layer.shape if layer else (),
                density=layer.density if layer else 1.0,
                kernel=layer.kernel if layer else "",
                seconds=max(seconds, _LEAST_SECONDS),
                flops=work.flops if work else 0,
                useful_flops=work.useful_flops if work else 0,
                moved_bytes=work.moved_bytes if work else 0,
            )
        )
    return tuple(found)


def example_inputs(program: Program) -> list[np.ndarray]:
    """Inputs of the sizes at which the program was compiled: random numbers, and ids of 0."""
    rng = np.random.default_rng(0)
    shapes = program.bound().shapes("input", program.manifest.example_sizes)
    return [
        np.zeros(shape, np.int64)
        if port.dtype == "int64"
        else rng.standard_normal(shape, np.float32)
        for port, shape in zip(program.manifest.interface.inputs, shapes, strict=True)
    ]


def _with_clock(files: Mapping[str, bytes]) -> Library:
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        folder = Path(name)
        sources = [file for file in ("model.c", "weights.c") if file in files]
        for file in ("model.h", *sources):
            (folder / file).write_bytes(files[file])
        flags = (*LIBRARY_FLAGS, "-DTENTH_PROFILE")
        compile_library([folder / file for file in sources], folder / "model.so", flags)
        return Library((folder / "model.so").read_bytes())


def _clock(library: Library, name: str) -> tuple[list[str], np.ndarray]:
    """The names of the steps, and the array to which a run adds the nanoseconds of each."""
    names: list[str] = []
    word = ctypes.c_char_p.in_dll(library.functions, f"{name}_profile_steps")
    place = ctypes.addressof(word)
    while True:
        found = ctypes.c_char_p.from_address(place + len(names) * ctypes.sizeof(word)).value
        if found is None:
            break
        names.append(found.decode())
    clock = (ctypes.c_double * len(names)).in_dll(library.functions, f"{name}_profile")
    return names, np.ctypeslib.as_array(clock)
