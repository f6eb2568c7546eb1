"""Writing the functions of one program: sizes, memory, and the run itself."""

import re
from collections.abc import Iterable, Sequence

from tenth.errors import UnsupportedError, must
from tenth.graph.dims import Dim, Size
from tenth.ship.emit.header import port_parameters, prototypes, size_parameters
from tenth.ship.emit.lower import Lowered
from tenth.ship.emit.memory import ALIGNMENT, Plan
from tenth.ship.emit.steps import count
from tenth.ship.emit.text import size_text, wrap
from tenth.ship.interface import Interface

_MOST_BYTES = "0x1p46"  # of one value: beyond any memory, and far from overflow


class Body:
    """The functions of one program in C; `variables` are the names of its sizes and ports."""

    def __init__(
        self, lowered: Lowered, interface: Interface, plan: Plan, variables: dict[str, str]
    ) -> None:
        self.lowered = lowered
        self.plan = plan
        self.pointers = [p.split("*")[-1] for p in port_parameters(interface, variables)]
        self.signature = interface.signature()
        self.heads = prototypes(interface, variables)
        self.sizes = [variables[size] for size in interface.sizes]
        self.size_parameters = size_parameters(interface, variables)

    def functions(self) -> list[str]:
        """All functions, in the order in which they use each other."""
        shapes, graph = self.lowered.shapes, self.lowered.graph
        return [
            *([self._largest()] if self.sizes else []),
            self._sizes_fit(),
            self._layout(),
            _function(self.heads["signature"], [f'return "{self.signature}";']),
            self._shape("input", [value.shape for value in graph.inputs]),
            self._shape("output", [shapes[name] for name in graph.outputs]),
            self._arena_bytes(),
            self._run(),
        ]

    def _own(self, name: str, *more: str) -> str:
        """A call of a function of this program with its sizes."""
        return f"{self.lowered.prefix}_{name}({', '.join([*self.sizes, *more])})"

    def _status(self, name: str) -> str:
        return f"    return {self.lowered.prefix.upper()}_{name};"

    def _text(self, size: Size) -> str:
        return size_text(size, self.lowered.symbols)

    def _largest(self) -> str:
        lowered = self.lowered
        names = [
            *(value.name for value in lowered.graph.inputs),
            *(s.writes for s in lowered.steps),
        ]
        sizes: list[Size] = [8 * count(lowered.shapes[name]) for name in names]
        sizes += [step.call.scratch[1] for step in lowered.steps if step.call.scratch is not None]
        free = dict.fromkeys(size for size in sizes if isinstance(size, Dim))
        lines = [f"largest = fmax(largest, {self._text(size)});" for size in free]
        parameters = ", ".join(f"double {name}" for name in self.sizes)
        return _function(
            f"static double {lowered.prefix}_largest({parameters})",
            ["double largest = 0;", *lines, "return largest;"],
            "The bytes of the largest value, in floating point, where nothing overflows.",
        )

    def _sizes_fit(self) -> str:
        tests = [f"{name} >= 1" for name in self.sizes]
        if self.sizes:
            large = ", ".join(f"(double){name}" for name in self.sizes)
            tests.append(f"{self.lowered.prefix}_largest({large}) <= {_MOST_BYTES}")
        lines: list[str] = []
        for test in dict.fromkeys([*tests, *self._axis_tests(), *self._condition_tests()]):
            lines += [f"if (!({test}))", "    return 0;"]
        parameters = ", ".join(self.size_parameters) or "void"
        return _function(
            f"static int {self.lowered.prefix}_sizes_fit({parameters})",
            [*lines, "return 1;"],
            "Whether the program can run with these sizes.",
        )

    def _axis_tests(self) -> Iterable[str]:
        axes = (size for shape in self.lowered.shapes.values() for size in shape)
        return (f"{self._text(size)} >= 1" for size in axes if isinstance(size, Dim))

    def _condition_tests(self) -> Iterable[str]:
        for left, sign, right in self.lowered.conditions:
            if isinstance(left, int) and isinstance(right, int):
                if not (left <= right if sign == "<=" else left == right):
                    raise UnsupportedError(must("a size in the program", f"{sign} {right}", left))
            elif left != right:
                yield f"{self._text(left)} {sign} {self._text(right)}"

    def _layout(self) -> str:
        lines = ["size_t end = 0;"]
        for i, slot in enumerate(self.plan.slots):
            lines += [f"at[{i}] = end;", *self._past(slot)]
        lines.append("return end;" if self.plan.slots else f"return end + {ALIGNMENT};")
        text = "\n".join(lines)
        unused = [n for n in [*self.sizes, "at"] if not re.search(rf"\b{n}\b", text)]
        parameters = ", ".join([*self.size_parameters, "size_t *at"])
        return _function(
            f"static size_t {self.lowered.prefix}_layout({parameters})",
            [*(f"(void){name};" for name in unused), *lines],
            "Where each slot of the arena starts; returns where the last one ends.",
        )

    def _past(self, sizes: Sequence[Size]) -> list[str]:
        """Statements that move `end` behind a slot that holds the largest of some sizes."""
        fixed = max((size for size in sizes if isinstance(size, int)), default=0)
        free = [self._text(size) for size in sizes if isinstance(size, Dim)]
        if not free:
            return [f"end += {-(-fixed // ALIGNMENT) * ALIGNMENT};"]
        texts = free + ([str(fixed)] if fixed else [])
        most = [f"    most = {text} > most ? {text} : most;" for text in texts[1:]]
        rounded = f"((size_t)most + {ALIGNMENT - 1}) / {ALIGNMENT} * {ALIGNMENT}"
        return ["{", f"    int64_t most = {texts[0]};", *most, f"    end += {rounded};", "}"]

    def _arena_bytes(self) -> str:
        lines = [
            f"size_t at[{len(self.plan.slots) or 1}];",
            f"return {self._own('sizes_fit')} ? {self._own('layout', 'at')} : 0;",
        ]
        return _function(self.heads["arena_bytes"], lines)

    def _shape(self, side: str, shapes: Sequence[Sequence[Size]]) -> str:
        lines = [f"if (!{self._own('sizes_fit')})", self._status("BAD_SIZE")]
        lines += [f"if (!shape || which < 0 || which >= {len(shapes)})"]
        lines += [self._status("BAD_POINTER")]
        for i, shape in enumerate(shapes):
            lines += [f"if (which == {i}) {{"]
            lines += [f"    shape[{axis}] = {self._text(s)};" for axis, s in enumerate(shape)]
            lines += ["}"]
        return _function(self.heads[f"{side}_shape"], [*lines, self._status("OK").strip()])

    def _run(self) -> str:
        missing = " || ".join(f"!{name}" for name in [*self.pointers, "arena"])
        lines = [
            f"size_t at[{len(self.plan.slots) or 1}];",
            f"if (!{self._own('sizes_fit')})",
            self._status("BAD_SIZE"),
            f"if ({missing})",
            self._status("BAD_POINTER"),
            f"if ((uintptr_t)arena % {ALIGNMENT} || arena_bytes < {self._own('layout', 'at')})",
            self._status("BAD_ARENA"),
            *([""] if self.plan.slots else []),
        ]
        for name, slot in self.plan.slot_of.items():
            variable = self.lowered.variables.get(name, name)
            lines.append(f"float *const {variable} = (void *)((char *)arena + at[{slot}]);")
        for step in self.lowered.steps:
            lines += ["", f"/* {step.writes} */", *step.call.lines]
        return _function(self.heads["run"], [*lines, self._status("OK").strip()])


def _function(head: str, lines: Iterable[str], comment: str = "") -> str:
    about = f"/* {comment} */\n" if comment else ""
    body = "\n".join(_indented(line) for line in lines)
    return f"{about}{wrap(head)}\n{{\n{body}\n}}"


def _indented(line: str) -> str:
    text = line.lstrip()
    return wrap(text, 4 + len(line) - len(text)) if text else ""
