"""What a compiled program takes and gives: the words shared by its C, its manifest and Python."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tenth.errors import InputError, must
from tenth.graph.dims import Dim
from tenth.graph.program import Graph
from tenth.graph.shapes import infer

INTERFACE_VERSION = 2
STATUS = (
    "OK",
    "BAD_SIZE",
    "BAD_ARENA",
    "BAD_POINTER",
    "BAD_ID",
    "BAD_WEIGHTS",
    "BAD_POOL",
)
C_TYPES = {"float32": "float", "int64": "int64_t"}


@dataclass(frozen=True)
class Port:
    """An input or output; an axis is a number, or the text of a free size such as `h / 2`."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Interface:
    """The face of a program: its name, its free sizes in order, its inputs and outputs."""

    name: str
    sizes: tuple[str, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def signature(self) -> str:
        """One line that says it all; the library holds it too, so that neither can be swapped."""
        sides = (", ".join(map(str, ports)) for ports in (self.inputs, self.outputs))
        return f"{self.name} {INTERFACE_VERSION}: " + " -> ".join(sides)

    def bind(self, shapes: Sequence[Sequence[int]]) -> dict[str, int]:
        """The free sizes, read off the shapes of inputs.

        Raises:
            InputError: the inputs are too few, too many, or of other shapes.
        """
        if len(shapes) != len(self.inputs):
            raise InputError(must("the number of inputs", str(len(self.inputs)), len(shapes)))
        sizes: dict[str, int] = {}
        for port, shape in zip(self.inputs, shapes, strict=True):
            fits = len(shape) == len(port.shape) and all(size >= 1 for size in shape)
            for wanted, size in zip(port.shape, shape, strict=False):
                known = sizes.setdefault(wanted, size) if isinstance(wanted, str) else wanted
                fits = fits and known == size
            if not fits:
                raise InputError(_misfit(port, shape, sizes))
        return sizes


def _misfit(port: Port, shape: Sequence[int], sizes: Mapping[str, int]) -> str:
    bound = ", ".join(f"{name} = {size}" for name, size in sizes.items())
    wanted = f"{port} with sizes of 1 or more" + (f" and {bound}" if bound else "")
    return must(f"input {port.name!r}", wanted, f"the shape {list(shape)}")


def free_sizes(graph: Graph) -> tuple[str, ...]:
    """The names of the sizes that the inputs leave free, in the order they are met."""
    names = [str(size) for value in graph.inputs for size in value.shape if isinstance(size, Dim)]
    return tuple(dict.fromkeys(names))


def interface_of(graph: Graph, name: str) -> Interface:
    """The interface of the program that a graph becomes."""
    shapes = infer(graph)
    inputs = tuple(Port(v.name, v.dtype, _axes(v.shape)) for v in graph.inputs)
    outputs = tuple(Port(output, "float32", _axes(shapes[output])) for output in graph.outputs)
    return Interface(name, free_sizes(graph), inputs, outputs)


def _axes(shape: Sequence[object]) -> tuple[int | str, ...]:
    return tuple(size if isinstance(size, int) else str(size) for size in shape)


class Placed(Protocol):
    """What comes from a module of the model: a layer, or a step of a program."""

    @property
    def path(self) -> str:
        """The module it was written in; "" in the model's own forward."""
        ...

    @property
    def name(self) -> str:
        """A name that no other has."""
        ...


def labels(layers: Sequence[Placed]) -> list[str]:
    """What to call each of them: its module, or its own name where one module has several."""
    counts = Counter(layer.path for layer in layers)
    return [
        layer.path if layer.path and counts[layer.path] == 1 else layer.name for layer in layers
    ]
