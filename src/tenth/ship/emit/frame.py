"""What all functions of one program share: its names, its memory, and how a function is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tenth.graph.dims import Size
from tenth.kernels.weights import WeightsFile
from tenth.ship.emit.batch import independent_batch
from tenth.ship.emit.header import port_parameters, prototypes, size_parameters
from tenth.ship.emit.lower import Lowered
from tenth.ship.emit.memory import ALIGNMENT, Plan
from tenth.ship.emit.text import size_text, wrap
from tenth.ship.interface import Interface


@dataclass(frozen=True)
class Frame:
    """A program about to be written.

    `heads` are the public functions' first lines; `ports`, `pointers` and `sizes` the parameters
    and names of what it reads, writes and leaves free; `batch` is the size of a batch that may run
    in parts, and its name in C, or None.
    """

    lowered: Lowered
    plan: Plan
    file: WeightsFile
    signature: str
    heads: Mapping[str, str]
    ports: tuple[str, ...]
    sizes: tuple[str, ...]
    size_parameters: tuple[str, ...]
    batch: str | None

    @property
    def pointers(self) -> list[str]:
        """The names of inputs and outputs."""
        return [port.split("*")[-1] for port in self.ports]

    def own(self, name: str, *more: str) -> str:
        """A call of a function of this program with its sizes."""
        return f"{self.lowered.prefix}_{name}({', '.join([*self.sizes, *more])})"

    def in_parts(self, name: str, *more: str) -> str:
        """The same with the sizes of one part of the batch."""
        sizes = ["part" if size == self.batch else size for size in self.sizes]
        return f"{self.lowered.prefix}_{name}({', '.join([*sizes, *more])})"

    def status(self, name: str) -> str:
        """The line that returns a status, where a test has failed."""
        return f"    return {self.lowered.prefix.upper()}_{name};"

    def text(self, size: Size) -> str:
        """A size in C."""
        return size_text(size, self.lowered.symbols)


def frame_of(
    lowered: Lowered,
    interface: Interface,
    plan: Plan,
    file: WeightsFile,
    variables: Mapping[str, str],
) -> Frame:
    """The frame of a program; `variables` are the C names of its sizes and ports."""
    batch = independent_batch(lowered.graph, lowered.shapes)
    return Frame(
        lowered=lowered,
        plan=plan,
        file=file,
        signature=interface.signature(),
        heads=prototypes(interface, variables),
        ports=tuple(port_parameters(interface, variables)),
        sizes=tuple(variables[size] for size in interface.sizes),
        size_parameters=tuple(size_parameters(interface, variables)),
        batch=None if batch is None else variables[batch],
    )


def round_up(text: str) -> str:
    """A number of bytes in C, up to the next multiple of ALIGNMENT."""
    return f"({text} + {ALIGNMENT - 1}) / {ALIGNMENT} * {ALIGNMENT}"


def function(head: str, lines: Iterable[str], comment: str = "") -> str:
    """The text of a function."""
    about = f"/* {comment} */\n" if comment else ""
    body = "\n".join(_indented(line) for line in lines)
    return f"{about}{wrap(head)}\n{{\n{body}\n}}"


def _indented(line: str) -> str:
    text = line.lstrip()
    return wrap(text, 4 + len(line) - len(text)) if text else ""
