"""Calling a compiled program through ctypes, with numpy arrays."""

import ctypes
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tenth.errors import FormatError, InputError, must
from tenth.ship.buffers import Arena, address_of, aligned
from tenth.ship.interface import STATUS, Interface

_SIZE, _INT, _BYTES = ctypes.c_int64, ctypes.c_int, ctypes.c_size_t
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

    def weights(self, name: str, size_bytes: int) -> bytes:
        """The weights that are built into the library of a program.

        Raises:
            FormatError: it is the library of another program.
        """
        try:
            return bytes((ctypes.c_char * size_bytes).in_dll(self.functions, f"{name}_file"))
        except ValueError as error:
            raise _another(name) from error


class Binding:
    """The functions of one program in a library, its weights loaded, its threads waiting.

    The weights given are the bytes of weights.bin; `weights` are the loaded ones. The threads end
    with the binding.

    Raises:
        FormatError: the library or the weights are of another program, or damaged.
        InputError: there cannot be so many threads.
    """

    def __init__(
        self, library: Library, interface: Interface, weights: bytes, threads: int = 1
    ) -> None:
        self.interface = interface
        self.threads = threads
        self._c = _functions(library, interface)
        found = (self._c.signature() or b"").decode(errors="replace")
        if found != interface.signature():
            raise FormatError(
                must("the signature of libmodel.so", interface.signature(), repr(found))
            )
        self.weights = self._loaded(np.frombuffer(weights, np.uint8))
        self._pool = Pool(self._c, threads) if threads != 1 else None
        self._weights = self.weights.ctypes.data
        self._arenas: list[Arena] = []
        self._bound: tuple[list[tuple[int, ...]], dict[str, int]] | None = None
        self._last: tuple[list[int], list[tuple[int, ...]], int] | None = None

    def _loaded(self, file: np.ndarray) -> np.ndarray:
        memory = aligned(self._c.weights_bytes())
        status = self._c.load(file.ctypes.data, file.nbytes, memory.ctypes.data, memory.nbytes)
        if status != STATUS.index("OK"):
            what = f"the weights of program {self.interface.name!r}"
            got = f"{file.nbytes} bytes that are not"
            raise FormatError(must(what, "whole, and of this program", got, "Compile it anew."))
        return memory

    def sizes(self, inputs: Sequence[np.ndarray]) -> dict[str, int]:
        """The free sizes of these inputs; those of the last call are kept.

        Raises:
            InputError: the inputs are too few, too many, or of other shapes.
        """
        shapes, bound = [x.shape for x in inputs], self._bound
        if bound is None or bound[0] != shapes:
            bound = shapes, self.interface.bind(shapes)
            self._bound = bound
        return bound[1]

    def shapes(self, side: str, sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
        """The shapes of the inputs or outputs at these free sizes.

        Raises:
            InputError: the program cannot run with these sizes.
        """
        ports = self.interface.inputs if side == "input" else self.interface.outputs
        shapes: list[tuple[int, ...]] = []
        for i, port in enumerate(ports):
            shape = np.zeros(max(1, len(port.shape)), np.int64)
            status = self._c.shape[side](i, *self._listed(sizes), shape.ctypes.data)
            self._check(status, sizes)
            shapes.append(tuple(shape.tolist()[: len(port.shape)]))
        return shapes

    def arena_bytes(self, sizes: Mapping[str, int]) -> int:
        """The bytes of the arena at these free sizes.

        Raises:
            InputError: the program cannot run with these sizes.
        """
        size_bytes = int(self._c.arena_bytes(*self._listed(sizes), self.threads))
        self._check(0 if size_bytes else STATUS.index("BAD_SIZE"), sizes)
        return size_bytes

    def run(self, inputs: Sequence[np.ndarray], sizes: Mapping[str, int]) -> list[np.ndarray]:
        """The outputs for contiguous inputs of the right types and shapes.

        Safe in any thread: while one call has the pool, others run on their own thread alone.

        Raises:
            InputError: the sizes do not fit, or an id lies outside its table.
        """
        shapes, arena_bytes = self._needs(sizes)
        outputs = [np.empty(shape, np.float32) for shape in shapes]
        arena = self._arena(arena_bytes)
        ports = map(address_of, (*inputs, *outputs))
        given = (self._weights, *ports, *self._listed(sizes), arena.address, arena.size_bytes)
        if self._pool is None:
            status = self._c.run(*given, None)
        else:
            with self._pool.lent() as pool:
                status = self._c.run(*given, pool)
        self._arenas.append(arena)
        self._check(status, sizes)
        return outputs

    def _needs(self, sizes: Mapping[str, int]) -> tuple[list[tuple[int, ...]], int]:
        """The shapes of the outputs and the bytes of the arena.

        Those of the last call are kept: to ask takes longer than a small program runs.
        """
        listed, last = self._listed(sizes), self._last
        if last is None or last[0] != listed:
            last = listed, self.shapes("output", sizes), self.arena_bytes(sizes)
            self._last = last
        return last[1:]

    def _arena(self, size_bytes: int) -> Arena:
        """An arena that no call uses: the last one if it fits, as fresh memory is slow."""
        try:
            arena = self._arenas.pop()
        except IndexError:
            return Arena(size_bytes)
        return arena if arena.size_bytes >= size_bytes else Arena(size_bytes)

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


@dataclass(frozen=True)
class _Functions:
    """The C interface of a program (see its model.h)."""

    signature: Any
    shape: Mapping[str, Any]
    weights_bytes: Any
    load: Any
    pool_bytes: Any
    pool_open: Any
    pool_close: Any
    arena_bytes: Any
    run: Any


def _functions(library: Library, interface: Interface) -> _Functions:
    name, sizes = interface.name, [_SIZE] * len(interface.sizes)
    ports = [_POINTER] * (len(interface.inputs) + len(interface.outputs))
    memory = [_POINTER, _BYTES]

    def function(what: str, result: Any, *parameters: Any) -> Any:
        found = library.functions[f"{name}_{what}"]
        found.restype, found.argtypes = result, parameters
        return found

    shape = [_INT, *sizes, _POINTER]
    try:
        return _Functions(
            signature=function("signature", ctypes.c_char_p),
            shape={side: function(f"{side}_shape", _INT, *shape) for side in ("input", "output")},
            weights_bytes=function("weights_bytes", _BYTES),
            load=function("load", _INT, *memory, *memory),
            pool_bytes=function("pool_bytes", _BYTES, _INT),
            pool_open=function("pool_open", _INT, *memory, _INT),
            pool_close=function("pool_close", None, _POINTER),
            arena_bytes=function("arena_bytes", _BYTES, *sizes, _INT),
            run=function("run", _INT, _POINTER, *ports, *sizes, *memory, _POINTER),
        )
    except AttributeError as error:
        raise _another(name) from error


def _another(name: str) -> FormatError:
    return FormatError(must("libmodel.so", f"the library of program {name!r}", "another"))


class Pool:
    """Open threads, lent to one call at a time.

    Raises:
        InputError: there cannot be so many.
    """

    def __init__(self, functions: _Functions, threads: int) -> None:
        self._c, self._threads = functions, threads
        self._lock = threading.Lock()
        self._open()

    def _open(self) -> None:
        count = self._threads if isinstance(self._threads, int) else 0
        size_bytes = int(self._c.pool_bytes(count)) if 0 < count < 2**31 else 0
        self._memory = aligned(size_bytes)
        self._process = os.getpid()
        status = self._c.pool_open(self._memory.ctypes.data, size_bytes, count)
        if status != STATUS.index("OK"):
            rule = "1 or more, and as many as this system starts"
            remedy = "Use fewer." if count else ""
            raise InputError(must("threads", rule, repr(self._threads), remedy))
        # the library must live as long as its threads, and this keeps it
        self._end = weakref.finalize(self, _close, self._c, self._memory, self._process)

    @contextmanager
    def lent(self) -> Iterator[int | None]:
        """The address of the pool, or None while another call has it."""
        if not self._lock.acquire(blocking=False):
            yield None
            return
        try:
            if os.getpid() != self._process:
                self._end.detach()  # threads do not survive a fork
                self._open()
            yield self._memory.ctypes.data
        finally:
            self._lock.release()


def _close(functions: _Functions, memory: np.ndarray, process: int) -> None:
    if os.getpid() == process:
        functions.pool_close(memory.ctypes.data)
