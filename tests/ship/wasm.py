"""A program in wasmtime: what the page does with JavaScript, done with numpy."""

from collections.abc import Mapping

import numpy as np
import wasmtime

from tenth.ship import Program
from tenth.ship.interface import STATUS


class Instance:
    """The module of a program for WebAssembly, its weights loaded."""

    def __init__(self, program: Program) -> None:
        self.interface = program.manifest.interface
        engine = wasmtime.Engine()
        self.store = wasmtime.Store(engine)
        self.module = wasmtime.Module(engine, program.files["model.wasm"])
        assert not self.module.imports, "a program needs nothing from outside"
        self.exports = wasmtime.Instance(self.store, self.module, []).exports(self.store)
        self.memory = self.exports["memory"]
        self.end = -(-self.exports["__heap_base"].value(self.store) // 64) * 64
        file = program.files.get("weights.bin")
        if file is None:
            start = self.exports[f"{self.interface.name}_file"].value(self.store)
            size_bytes = program.manifest.weights_bytes
        else:
            start, size_bytes = self.put(np.frombuffer(file, np.uint8)), len(file)
        self.file = (start, size_bytes)
        loaded = self.call("weights_bytes")
        self.weights = self.take(loaded)
        assert self.call("load", start, size_bytes, self.weights, loaded) == 0

    def call(self, name: str, *values: int) -> int:
        return self.exports[f"{self.interface.name}_{name}"](self.store, *values)

    def take(self, size_bytes: int) -> int:
        place = self.end
        self.end += -(-size_bytes // 64) * 64
        missing = self.end - self.memory.data_len(self.store)
        if missing > 0:
            self.memory.grow(self.store, -(-missing // 65536))
        return place

    def put(self, array: np.ndarray) -> int:
        place = self.take(array.nbytes)
        self.memory.write(self.store, array.tobytes(), place)
        return place

    def shape(self, side: str, which: int, sizes: Mapping[str, int]) -> tuple[int, ...]:
        place = self.take(128)
        assert self.call(f"{side}_shape", which, *sizes.values(), place) == 0
        rank = len(getattr(self.interface, f"{side}s")[which].shape)
        data = self.memory.read(self.store, place, place + 8 * rank)
        return tuple(np.frombuffer(data, np.int64).tolist())

    def status(self, *inputs: np.ndarray) -> str:
        return self._run(*inputs)[0]

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        status, outputs = self._run(*inputs)
        assert status == "OK"
        return outputs

    def _run(self, *inputs: np.ndarray) -> tuple[str, list[np.ndarray]]:
        start = self.end
        sizes = self.interface.bind([x.shape for x in inputs])
        places = [self.put(x) for x in inputs]
        shapes = [self.shape("output", i, sizes) for i in range(len(self.interface.outputs))]
        results = [self.take(4 * int(np.prod(shape))) for shape in shapes]
        arena_bytes = self.call("arena_bytes", *sizes.values(), 1)
        arena = self.take(arena_bytes)
        passed = (self.weights, *places, *results, *sizes.values(), arena, arena_bytes, 0)
        status = self.call("run", *passed)
        outputs = [
            np.frombuffer(
                self.memory.read(self.store, place, place + 4 * int(np.prod(shape))), np.float32
            ).reshape(shape)
            for place, shape in zip(results, shapes, strict=True)
        ]
        self.end = start
        return STATUS[status], outputs
