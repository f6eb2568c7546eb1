"""Writing the functions of one program: sizes, memory, weights, and the run itself."""

import re
from collections.abc import Iterable, Mapping, Sequence

from tenth.errors import UnsupportedError, must
from tenth.graph.dims import Dim, Size
from tenth.kernels.records import VALUES
from tenth.kernels.weights import WeightsFile
from tenth.ship.emit.batch import independent_batch
from tenth.ship.emit.forms import count
from tenth.ship.emit.header import port_parameters, prototypes, size_parameters
from tenth.ship.emit.lower import Lowered
from tenth.ship.emit.memory import ALIGNMENT, Plan, Room
from tenth.ship.emit.text import size_text, wrap
from tenth.ship.interface import Interface

_MOST_BYTES = "0x1p46"  # of one value: beyond any memory, and far from overflow
_MOST_WORKERS = 256  # as in pool.c
_PART_BYTES = 2**23  # of the values of a part of a batch: a share of the last cache


class Body:
    """The functions of one program in C; `variables` are the names of its sizes and ports."""

    def __init__(
        self,
        lowered: Lowered,
        interface: Interface,
        plan: Plan,
        file: WeightsFile,
        variables: Mapping[str, str],
    ) -> None:
        self.lowered = lowered
        self.plan = plan
        self.file = file
        self.pointers = [p.split("*")[-1] for p in port_parameters(interface, variables)]
        self.signature = interface.signature()
        self.heads = prototypes(interface, variables)
        self.sizes = [variables[size] for size in interface.sizes]
        self.size_parameters = size_parameters(interface, variables)
        self.ports = port_parameters(interface, variables)
        batch = independent_batch(lowered.graph, lowered.shapes)
        self.batch = None if batch is None else variables[batch]

    def functions(self) -> list[str]:
        """All functions, in the order in which they use each other."""
        shapes, graph = self.lowered.shapes, self.lowered.graph
        return [
            *([self._sections()] if self.file.sections else []),
            self._weights_file(),
            self._profile(),
            *([self._largest()] if self.sizes else []),
            self._sizes_fit(),
            self._layout(),
            _function(self.heads["signature"], [f'return "{self.signature}";']),
            self._shape("input", [value.shape for value in graph.inputs]),
            self._shape("output", [shapes[name] for name in graph.outputs]),
            _function(self.heads["weights_bytes"], [f"return {self.file.loaded_bytes};"]),
            self._load(),
            _function(self.heads["pool_bytes"], ["return pool_size(threads);"]),
            _function(
                self.heads["pool_open"],
                [
                    "if (!open_pool(pool, pool_bytes, threads))",
                    self._status("BAD_POOL"),
                    self._status("OK").strip(),
                ],
            ),
            _function(
                self.heads["pool_close"], ["if (opened_pool(pool))", "    close_pool(pool);"]
            ),
            *([self._part()] if self.batch else []),
            self._arena_bytes(),
            self._steps(),
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
        sizes: list[Size] = [8 * count(value.shape) for value in lowered.graph.inputs]
        sizes += [lowered.size_bytes(step.writes) for step in lowered.steps]
        calls = [step.call for step in lowered.steps]
        sizes += [call.scratch[1] for call in calls if call.scratch is not None]
        sizes += [
            _MOST_WORKERS * call.worker_scratch[1]
            for call in calls
            if call.worker_scratch is not None
        ]
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
        lines = ["int64_t end = 0;"]
        for i, slot in enumerate(self.plan.slots):
            lines += [f"at[{i}] = end;", *self._past(slot)]
        lines.append("return end;" if self.plan.slots else f"return end + {ALIGNMENT};")
        text = "\n".join(lines)
        names = [*self.sizes, "workers", "at"]
        unused = [n for n in names if not re.search(rf"\b{n}\b", text)]
        parameters = ", ".join([*self.size_parameters, "int64_t workers", "int64_t *at"])
        return _function(
            f"static int64_t {self.lowered.prefix}_layout({parameters})",
            [*(f"(void){name};" for name in unused), *lines],
            "Where each slot of the arena starts; returns where the last one ends.",
        )

    def _past(self, rooms: Sequence[Room]) -> list[str]:
        """Statements that move `end` behind a slot that holds the largest of some sizes."""
        fixed = max((r.size for r in rooms if isinstance(r.size, int) and not r.each), default=0)
        texts = [self._room(room) for room in rooms if isinstance(room.size, Dim) or room.each]
        if not texts:
            return [f"end += {-(-fixed // ALIGNMENT) * ALIGNMENT};"]
        texts += [str(fixed)] if fixed else []
        most = [f"    most = {text} > most ? {text} : most;" for text in texts[1:]]
        return ["{", f"    int64_t most = {texts[0]};", *most, f"    end += {_round('most')};", "}"]

    def _room(self, room: Room) -> str:
        if not room.each:
            return self._text(room.size)
        if isinstance(room.size, int):
            return f"workers * {-(-room.size // ALIGNMENT) * ALIGNMENT}"
        return f"workers * ({_round(self._text(room.size))})"

    def _part(self) -> str:
        """The function that says how much of a batch runs at once."""
        parameters = ", ".join([*self.size_parameters, "int64_t workers"])
        rest = [size for size in self.sizes if size != self.batch]
        whole = f"const int64_t whole = {self.batch};"
        sizes = ", ".join([*self.sizes, "workers", "at"])
        return _function(
            f"static int64_t {self.lowered.prefix}_part({parameters})",
            [
                f"int64_t at[{len(self.plan.slots) or 1}];",
                whole,
                *(f"(void){name};" for name in rest),
                f"while ({self.batch} > 1 && "
                f"{self.lowered.prefix}_layout({sizes}) > {_PART_BYTES})",
                f"    {self.batch} = ({self.batch} + 1) / 2;",
                f"const int64_t parts = (whole + {self.batch} - 1) / {self.batch};",
                "return (whole + parts - 1) / parts;",
            ],
            "How many members of the batch run at once, so that their values stay in a cache.",
        )

    def _called_in_parts(self, name: str, *more: str) -> str:
        """A call of a function of this program with the sizes of one part of the batch."""
        sizes = ["part" if size == self.batch else size for size in self.sizes]
        return f"{self.lowered.prefix}_{name}({', '.join([*sizes, *more])})"

    def _part_line(self, workers: str) -> list[str]:
        return [f"const int64_t part = {self._own('part', workers)};"] if self.batch else []

    def _arena_bytes(self) -> str:
        lines = [
            f"int64_t at[{len(self.plan.slots) or 1}];",
            f"if (pool_size(threads) == 0 || !{self._own('sizes_fit')})",
            "    return 0;",
            *self._part_line("threads"),
            f"const int64_t end = {self._called_in_parts('layout', 'threads', 'at')};",
            # where a pointer has 32 bits, so has size_t
            "return (int64_t)(size_t)end == end ? (size_t)end : 0;",
        ]
        return _function(self.heads["arena_bytes"], lines)

    def _sections(self) -> str:
        rows = [
            f"    {{{s.start}, {s.size_bytes}, {s.loaded_start}, {s.loaded_bytes}, "
            f"{record.unpack}, {', '.join(map(str, record.numbers))}}}, /* {name} */"
            for (name, s), record in zip(
                self.file.sections.items(), self.lowered.records.values(), strict=True
            )
        ]
        head = f"static const struct section {self.lowered.prefix}_sections[] = {{"
        return "\n".join(["/* The parts of weights.bin. */", head, *rows, "};"])

    def _weights_file(self) -> str:
        prefix, file = self.lowered.prefix, self.file
        values = VALUES.index(self.lowered.values)
        fields = [
            f".bytes = {len(file.data)}",
            f".fingerprint = {file.fingerprint:#x}u",
            f".values = {values}",
            f".count = {len(file.sections)}",
            f".sections = {f'{prefix}_sections' if file.sections else 'NULL'}",
        ]
        return "\n".join(
            [
                "/* What weights.bin must be. */",
                f"static const struct weights_file {prefix}_weights_file = {{",
                *(f"    {field}," for field in fields),
                "};",
            ]
        )

    def _profile(self) -> str:
        prefix = self.lowered.prefix
        names = [f'    "{step.node}",' for step in self.lowered.steps]
        return "\n".join(
            [
                "#ifdef TENTH_PROFILE",
                f"double {prefix}_profile[{prefix.upper()}_STEPS];",
                f"const char *const {prefix}_profile_steps[{prefix.upper()}_STEPS + 1] = {{",
                *names,
                "    NULL};",
                "#endif",
            ]
        )

    def _load(self) -> str:
        prefix = self.lowered.prefix
        return _function(
            self.heads["load"],
            [
                "if (!file || !weights)",
                self._status("BAD_POINTER"),
                f"if ((uintptr_t)weights % {ALIGNMENT} || weights_bytes < "
                f"{self.file.loaded_bytes} ||",
                f"    !load_weights(&{prefix}_weights_file, file, file_bytes, weights))",
                self._status("BAD_WEIGHTS"),
                self._status("OK").strip(),
            ],
        )

    def _shape(self, side: str, shapes: Sequence[Sequence[Size]]) -> str:
        lines = [f"if (!{self._own('sizes_fit')})", self._status("BAD_SIZE")]
        lines += [f"if (!shape || which < 0 || which >= {len(shapes)})"]
        lines += [self._status("BAD_POINTER")]
        for i, shape in enumerate(shapes):
            lines += [f"if (which == {i}) {{"]
            lines += [f"    shape[{axis}] = {self._text(s)};" for axis, s in enumerate(shape)]
            lines += ["}"]
        return _function(self.heads[f"{side}_shape"], [*lines, self._status("OK").strip()])

    def _steps(self) -> str:
        """The function that does the work, once all it is given has been checked."""
        prefix = self.lowered.prefix
        parameters = [
            "const void *weights",
            *self.ports,
            *self.size_parameters,
            "void *arena",
            "struct pool *pool",
            "int64_t workers",
        ]
        lines = [
            f"int64_t at[{len(self.plan.slots) or 1}];",
            f"(void){self._own('layout', 'workers', 'at')};",
            *(f"(void){name};" for name in ("weights", "arena", "pool")),
        ]
        for name, section in self.file.sections.items():
            place = f"(const char *)weights + {section.loaded_start}"
            lines.append(
                f"const {self.lowered.types[name]} *const {name} = (const void *)({place});"
            )
        for name, slot in self.plan.slot_of.items():
            variable = self.lowered.variables.get(name, name)
            lines.append(f"float *const {variable} = (void *)((char *)arena + at[{slot}]);")
        lines.append("PROFILE_START;")
        for i, step in enumerate(self.lowered.steps):
            lines += ["", f"/* {step.writes} */", *step.call.lines]
            lines.append(f"PROFILE_STEP({prefix}_profile[{i}]);")
        return _function(
            f"static int {prefix}_steps({', '.join(parameters)})",
            [*lines, self._status("OK").strip()],
            "Runs all steps on memory that is as it must be.",
        )

    def _run(self) -> str:
        missing = " || ".join(f"!{name}" for name in ["weights", *self.pointers, "arena"])
        prefix = self.lowered.prefix
        lines = [
            f"int64_t at[{len(self.plan.slots) or 1}];",
            f"if (!{self._own('sizes_fit')})",
            self._status("BAD_SIZE"),
            f"if ({missing})",
            self._status("BAD_POINTER"),
            f"if ((uintptr_t)weights % {ALIGNMENT} || "
            f"!are_loaded(weights, {prefix}_weights_file.fingerprint))",
            self._status("BAD_WEIGHTS"),
            "if (given_pool && !opened_pool(given_pool))",
            self._status("BAD_POOL"),
            "struct pool *const pool = given_pool;",
            "const int64_t workers = pool ? pool->workers : 1;",
            *self._part_line("workers"),
            f"if ((uintptr_t)arena % {ALIGNMENT} ||",
            f"    (uint64_t){self._called_in_parts('layout', 'workers', 'at')} > arena_bytes)",
            self._status("BAD_ARENA"),
            *(self._parts() if self.batch else [f"return {self._all_steps()};"]),
        ]
        head = self.heads["run"].replace("void *pool)", "void *given_pool)")
        return _function(head, lines)

    def _all_steps(self, pointers: Sequence[str] = (), sizes: Sequence[str] = ()) -> str:
        passed = ["weights", *(pointers or self.pointers), *(sizes or self.sizes)]
        return f"{self.lowered.prefix}_steps({', '.join([*passed, 'arena', 'pool', 'workers'])})"

    def _parts(self) -> list[str]:
        """Statements that run the batch part by part."""
        graph, shapes = self.lowered.graph, self.lowered.shapes
        ports = [*(value.shape for value in graph.inputs), *(shapes[n] for n in graph.outputs)]
        batch = independent_batch(graph, shapes)
        pointers = [
            f"{name} + done * ({self._text(count(shape[1:]))})"
            if shape and str(shape[0]) == batch
            else name
            for name, shape in zip(self.pointers, ports, strict=True)
        ]
        sizes = ["now" if size == self.batch else size for size in self.sizes]
        return [
            f"for (int64_t done = 0; done < {self.batch}; done += part) {{",
            f"    const int64_t now = {self.batch} - done < part ? {self.batch} - done : part;",
            f"    const int status = {self._all_steps(pointers, sizes)};",
            f"    if (status != {self.lowered.prefix.upper()}_OK)",
            "        return status;",
            "}",
            self._status("OK").strip(),
        ]


def _round(text: str) -> str:
    return f"({text} + {ALIGNMENT - 1}) / {ALIGNMENT} * {ALIGNMENT}"


def _function(head: str, lines: Iterable[str], comment: str = "") -> str:
    about = f"/* {comment} */\n" if comment else ""
    body = "\n".join(_indented(line) for line in lines)
    return f"{about}{wrap(head)}\n{{\n{body}\n}}"


def _indented(line: str) -> str:
    text = line.lstrip()
    return wrap(text, 4 + len(line) - len(text)) if text else ""
