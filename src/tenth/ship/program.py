"""A compiled program: call it with numpy arrays, save it, load it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tenth.errors import InputError, UnsupportedError, must
from tenth.files import write_text
from tenth.kernels.targets import TARGETS
from tenth.ship.binding import Binding, Library
from tenth.ship.folder import check_replaceable, read_folder, save_folder
from tenth.ship.interface import Port
from tenth.ship.libraries import build, build_for
from tenth.ship.machine import this_machine
from tenth.ship.manifest import Layer, Manifest
from tenth.ship.web import Drawing, write_page

if TYPE_CHECKING:
    from tenth.receipt import Receipt

LIBRARY = TARGETS["host"].library
RECEIPT = "receipt.json"
SOURCES = ("model.h", "model.c", "main.c", "README.md", RECEIPT)
EXTRAS = ("dispatch.c", "index.html", "model.js")
"""What programs for some targets have besides."""
WEIGHTS = ("weights.bin", "weights.c")
"""Where the weights stand: in a file of their own, or built in if they are small."""


def check_place(path: str | Path) -> None:
    """See, before a network is compiled, that its program can be saved as the folder `path`.

    Raises:
        OutputError: it is a file, or holds what is not of a program.
    """
    libraries = (target.library for target in TARGETS.values())
    names = (*SOURCES, *WEIGHTS, *EXTRAS, *libraries)
    check_replaceable(Path(path).resolve(), names)


@dataclass(frozen=True, repr=False)
class Program:
    """A network in C, loaded. `files` are those of its folder, apart from the manifest.

    There is no `binding` where the program is for another machine.
    """

    manifest: Manifest
    files: Mapping[str, bytes]
    binding: Binding | None

    def __call__(self, *inputs: np.ndarray) -> np.ndarray | tuple[np.ndarray, ...]:
        """Run the network: numpy in, numpy out; one output alone, several as a tuple.

        Safe in several threads at once; while one call uses the program's threads, others run on
        their own.

        Raises:
            InputError: an input is of a wrong type or shape, or an id lies outside its table.
            UnsupportedError: the program is for another machine.
        """
        binding = self.bound()
        interface = self.manifest.interface
        if len(inputs) != len(interface.inputs):
            interface.bind([np.shape(x) for x in inputs])  # which says what is wrong
        arrays = list(map(_checked, interface.inputs, inputs))
        outputs = binding.run(arrays, binding.sizes(inputs))
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def __repr__(self) -> str:
        """One line: the interface, the target and the kernels."""
        kernels = Counter(layer.kernel for layer in self.layers)
        told = ", ".join(f"{count} {kernel}" for kernel, count in kernels.items())
        interface = self.manifest.interface
        return (
            f"Program({interface.name}: {_ports(interface.inputs)} -> {_ports(interface.outputs)}; "
            f"{self.manifest.target}; layers: {told or 'none'})"
        )

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
            UnsupportedError: the program is for another machine.
        """
        return self.bound().arena_bytes(self.manifest.interface.bind(shapes))

    def save(self, path: str | Path) -> Path:
        """Write the program as a folder: the C, the weights, the library, an example.

        The folder is whole or absent; a program that was there before is replaced.

        Raises:
            OutputError: it is a file, holds other things, or cannot be written.
        """
        return save_folder(Path(path), self.files, self.manifest.to_json)

    def save_page(
        self, path: str | Path, *, title: str = "", drawing: Drawing | None = None
    ) -> Path:
        """Write the program as one HTML page that runs by itself, offline, from any place.

        A network from images of one channel to classes can be drawn for; `drawing` says what its
        images looked like. Any other one runs on random input.

        Raises:
            UnsupportedError: the program is not for the target "wasm".
            InputError: the labels are not one a class.
            OutputError: the page cannot be written.
        """
        wasm = TARGETS["wasm"].library
        if self.manifest.target != "wasm" or wasm not in self.files:
            rule = "compiled for the target 'wasm'"
            remedy = "Use compile(model, example, target='wasm')."
            raise UnsupportedError(must("a page", rule, repr(self.manifest.target), remedy))
        weights = self.files.get("weights.bin", b"")
        page = write_page(self.manifest, self.files[wasm], weights, title=title, drawing=drawing)
        write_text(Path(path), page)
        return Path(path)

    def bound(self) -> Binding:
        """The functions of the program on this machine.

        Raises:
            UnsupportedError: the program is for another machine.
        """
        if self.binding is None:
            target = self.manifest.target
            raise UnsupportedError(
                f"A program for target {target!r} does not run on this machine, only its saved "
                "folder does elsewhere. Make one for target 'host' to run or time it here."
            )
        return self.binding


def load(path: str | Path, *, threads: int = 1) -> Program:
    """Load a saved program; numpy is all it needs.

    The library is built anew, in memory, if it is missing or made for another machine; a program
    for another target stays as it is, and cannot be called. A program is code: load only what you
    trust.

    Args:
        path: the folder that `save` wrote.
        threads: how many threads a call runs on. They wait while nothing runs, and end with the
            program. The outputs are the same to the bit.

    Raises:
        FormatError: the folder is no program, or a file of it is missing or changed.
        CompileError: it must be built, and that fails.
        InputError: there cannot be so many threads.
    """
    manifest, files = read_folder(Path(path), SOURCES, WEIGHTS)
    target = TARGETS[manifest.target]
    runs_here = this_machine().runs(manifest.machine)
    if target.name != "host" and target.library not in files:
        files = {**files, target.library: build_for(target, files, manifest.interface)}
    elif target.name == "host" and not (target.library in files and runs_here):
        built, _ = build(files)
        files = {**files, target.library: built}
    if target.name != "host" and not runs_here:
        return Program(manifest, files, None)
    library, name = Library(files[target.library]), manifest.interface.name
    weights = files.get("weights.bin") or library.weights(name, manifest.weights_bytes)
    return Program(manifest, files, Binding(library, manifest.interface, weights, threads))


def _ports(ports: Sequence[Port]) -> str:
    return ", ".join(map(str, ports))


def _checked(port: Port, x: np.ndarray) -> np.ndarray:
    if not isinstance(x, np.ndarray) or x.dtype != np.dtype(port.dtype):
        got = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        remedy = f"Use x.astype('{port.dtype}')." if isinstance(x, np.ndarray) else ""
        raise InputError(
            must(f"input {port.name!r}", f"a numpy array of {port.dtype}", got, remedy)
        )
    return np.ascontiguousarray(x)
