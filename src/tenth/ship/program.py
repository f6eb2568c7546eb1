"""A compiled program: call it with numpy arrays, save it, load it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tenth.errors import InputError, must
from tenth.kernels import compile_library
from tenth.ship.binding import Binding, Library
from tenth.ship.folder import read_folder, save_folder
from tenth.ship.interface import Port
from tenth.ship.machine import this_machine
from tenth.ship.manifest import Layer, Manifest

if TYPE_CHECKING:
    from tenth.receipt import Receipt

LIBRARY = "libmodel.so"
RECEIPT = "receipt.json"
SOURCES = ("model.h", "model.c", "main.c", "README.md", RECEIPT)
WEIGHTS = ("weights.bin", "weights.c")
"""Where the weights stand: in a file of their own, or built in if they are small."""


@dataclass(frozen=True)
class Program:
    """A network in C, loaded. `files` are those of its folder, apart from the manifest."""

    manifest: Manifest
    files: Mapping[str, bytes] = field(repr=False)
    binding: Binding = field(repr=False)

    def __call__(self, *inputs: np.ndarray) -> np.ndarray | tuple[np.ndarray, ...]:
        """Run the network: numpy in, numpy out; one output alone, several as a tuple.

        Safe in several threads at once; while one call uses the program's threads, others run on
        their own.

        Raises:
            InputError: an input is of a wrong type or shape, or an id lies outside its table.
        """
        ports = self.manifest.interface.inputs
        sizes = self.manifest.interface.bind([np.shape(x) for x in inputs])
        arrays = [_checked(port, x) for port, x in zip(ports, inputs, strict=True)]
        outputs = self.binding.run(arrays, sizes)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Each weighted layer: its path, density, kernel and bytes."""
        return self.manifest.layers

    @property
    def receipt(self) -> "Receipt":
        """What compiling cost, and what the zeros saved."""
        # running a program needs no receipt, and reading one takes longer than loading it
        from tenth.receipt import Receipt

        return Receipt.from_json(json.loads(self.files[RECEIPT]))

    def arena_bytes(self, *shapes: Sequence[int]) -> int:
        """The bytes of working memory of a run with inputs of these shapes.

        Raises:
            InputError: the program takes no such inputs.
        """
        return self.binding.arena_bytes(self.manifest.interface.bind(shapes))

    def save(self, path: str | Path) -> Path:
        """Write the program as a folder: the C, the weights, the library, an example.

        The folder is whole or absent; a program that was there before is replaced.

        Raises:
            OutputError: it is a file, holds other things, or cannot be written.
        """
        return save_folder(Path(path), self.files, self.manifest.to_json)


def load(path: str | Path, *, threads: int = 1) -> Program:
    """Load a saved program; numpy is all it needs.

    The library is built anew, in memory, if it is missing or made for another machine. A program
    is code: load only what you trust.

    Args:
        path: the folder that `save` wrote.
        threads: how many threads a call runs on. They wait while nothing runs, and end with the
            program. The outputs are the same to the bit.

    Raises:
        FormatError: the folder is no program, or a file of it is missing or changed.
        CompileError: it must be built, and that fails.
        InputError: there cannot be so many threads.
    """
    manifest, files = read_folder(Path(path), SOURCES, WEIGHTS, LIBRARY)
    if LIBRARY not in files or not this_machine().runs(manifest.machine):
        built, _ = build(files)
        files = {**files, LIBRARY: built}
    library, name = Library(files[LIBRARY]), manifest.interface.name
    weights = files.get("weights.bin") or library.weights(name, manifest.weights_bytes)
    return Program(manifest, files, Binding(library, manifest.interface, weights, threads))


def build(files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """The library of some C sources for this machine, and the compiler that made it.

    Raises:
        CompileError: there is no compiler, or it failed.
    """
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        folder = Path(name)
        sources = [file for file in ("model.c", "weights.c") if file in files]
        for file in ("model.h", *sources):
            (folder / file).write_bytes(files[file])
        compiler = compile_library([folder / file for file in sources], folder / LIBRARY)
        return (folder / LIBRARY).read_bytes(), compiler.origin


def _checked(port: Port, x: np.ndarray) -> np.ndarray:
    if not isinstance(x, np.ndarray) or x.dtype != np.dtype(port.dtype):
        got = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        remedy = f"Use x.astype('{port.dtype}')." if isinstance(x, np.ndarray) else ""
        raise InputError(
            must(f"input {port.name!r}", f"a numpy array of {port.dtype}", got, remedy)
        )
    return np.ascontiguousarray(x)
