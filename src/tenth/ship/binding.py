"""Calling a compiled program through ctypes, with numpy arrays."""

import ctypes
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tenth.errors import FormatError, InputError, must
from tenth.ship.emit.memory import ALIGNMENT
from tenth.ship.interface import STATUS, Interface

_SIZE = ctypes.c_int64
_POINTER = ctypes.c_void_p


class Library:
    """A loaded shared library. It lives in memory only: its file may go or change."""

    def __init__(self, library: bytes) -> None:
        # a private copy, as the loader gives back an older library of the same path
        with tempfile.TemporaryDirectory(prefix="tenth-") as folder:
            path = Path(folder) / "libmodel.so"
            path.write_bytes(library)
            try:
                self.functions = ctypes.CDLL(str(path))
            except OSError as error:
                raise FormatError(
                    f"libmodel.so cannot be loaded: {error}. Remove it, and it is built anew."
                ) from error

    def fill(self, symbol: str, array: np.ndarray) -> None:
        """Copy an array to where a writable array of the library stands."""
        place = (ctypes.c_char * array.nbytes).in_dll(self.functions, symbol)
        ctypes.memmove(place, array.ctypes.data, array.nbytes)


class Binding:
    """The functions of one program in a library.

    Raises:
        FormatError: the library holds another program.
    """

    def __init__(self, library: Library, interface: Interface) -> None:
        self.interface = interface
        name, sizes = interface.name, [_SIZE] * len(interface.sizes)
        ports = [_POINTER] * (len(interface.inputs) + len(interface.outputs))
        try:
            self._signature = library.functions[f"{name}_signature"]
            self._shape = {side: library.functions[f"{name}_{side}_shape"] for side in _SIDES}
            self._arena_bytes = library.functions[f"{name}_arena_bytes"]
            self._run = library.functions[f"{name}_run"]
        except AttributeError as error:
            raise FormatError(
                must("libmodel.so", f"the library of program {name!r}", "another")
            ) from error
        self._signature.restype = ctypes.c_char_p
        for function in self._shape.values():
            function.argtypes = [ctypes.c_int, *sizes, _POINTER]
        self._arena_bytes.argtypes, self._arena_bytes.restype = sizes, ctypes.c_size_t
        self._run.argtypes = [*ports, *sizes, _POINTER, ctypes.c_size_t]
        found = (self._signature() or b"").decode(errors="replace")
        if found != interface.signature():
            raise FormatError(
                must("the signature of libmodel.so", interface.signature(), repr(found))
            )

    def shapes(self, side: str, sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
        """The shapes of the inputs or outputs at these free sizes.

        Raises:
            InputError: the program cannot run with these sizes.
        """
        ports = self.interface.inputs if side == "input" else self.interface.outputs
        shapes: list[tuple[int, ...]] = []
        for i, port in enumerate(ports):
            shape = np.zeros(max(1, len(port.shape)), np.int64)
            status = self._shape[side](i, *self._listed(sizes), shape.ctypes.data)
            self._check(status, sizes)
            shapes.append(tuple(shape.tolist()[: len(port.shape)]))
        return shapes

    def arena_bytes(self, sizes: Mapping[str, int]) -> int:
        """The bytes of the arena at these free sizes.

        Raises:
            InputError: the program cannot run with these sizes.
        """
        size_bytes = int(self._arena_bytes(*self._listed(sizes)))
        self._check(0 if size_bytes else STATUS.index("BAD_SIZE"), sizes)
        return size_bytes

    def run(self, inputs: Sequence[np.ndarray], sizes: Mapping[str, int]) -> list[np.ndarray]:
        """The outputs for contiguous inputs of the right types and shapes. Safe in any thread.

        Raises:
            InputError: the sizes do not fit, or an id lies outside its table.
        """
        outputs = [np.empty(shape, np.float32) for shape in self.shapes("output", sizes)]
        arena = aligned(self.arena_bytes(sizes))
        pointers = (array.ctypes.data for array in (*inputs, *outputs))
        status = self._run(*pointers, *self._listed(sizes), arena.ctypes.data, arena.nbytes)
        self._check(status, sizes)
        return outputs

    def _listed(self, sizes: Mapping[str, int]) -> list[int]:
        return [sizes[name] for name in self.interface.sizes]

    def _check(self, status: int, sizes: Mapping[str, int]) -> None:
        if status == STATUS.index("OK"):
            return
        name = STATUS[status] if 0 <= status < len(STATUS) else f"status {status}"
        if name == "BAD_ID":
            raise InputError(must("ids", "0 or more, and below the entries of the table", "others"))
        got = ", ".join(f"{size} = {sizes[size]}" for size in self.interface.sizes)
        raise InputError(
            must(
                f"the sizes of program {self.interface.name!r}",
                "those it can run with",
                f"{got or 'none'} ({name})",
            )
        )


_SIDES = ("input", "output")


def aligned(size_bytes: int) -> np.ndarray:
    """Memory that starts where an arena must start.

    Raises:
        InputError: there is not so much memory.
    """
    try:
        room = np.empty(size_bytes + ALIGNMENT, np.uint8)
    except MemoryError as error:
        raise InputError(
            must(
                "the arena", "smaller than the memory", f"{size_bytes} bytes", "Use smaller inputs."
            )
        ) from error
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size_bytes]
