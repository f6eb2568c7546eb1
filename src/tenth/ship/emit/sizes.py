"""Writing the functions of one program about sizes: what fits, what it takes, how it is shaped."""

import re
from collections.abc import Iterable, Sequence

from tenth.errors import UnsupportedError, must
from tenth.graph.dims import Dim, Size
from tenth.ship.emit.forms import count
from tenth.ship.emit.frame import Frame, function, round_up
from tenth.ship.emit.memory import ALIGNMENT, Room
from tenth.ship.emit.parts import memory_lines

_MOST_BYTES = "0x1p46"  # of one value: beyond any memory, and far from overflow
_MOST_WORKERS = 256  # as in pool.c


def largest(frame: Frame) -> str:
    """The function that says how large the largest value is."""
    lowered = frame.lowered
    sizes: list[Size] = [8 * count(value.shape) for value in lowered.graph.inputs]
    sizes += [lowered.size_bytes(step.writes) for step in lowered.steps]
    calls = [step.call for step in lowered.steps]
    sizes += [call.scratch[1] for call in calls if call.scratch is not None]
    sizes += [
        _MOST_WORKERS * call.worker_scratch[1] for call in calls if call.worker_scratch is not None
    ]
    free = dict.fromkeys(size for size in sizes if isinstance(size, Dim))
    lines = [f"largest = fmax(largest, {frame.text(size)});" for size in free]
    parameters = ", ".join(f"double {name}" for name in frame.sizes)
    return function(
        f"static double {lowered.prefix}_largest({parameters})",
        ["double largest = 0;", *lines, "return largest;"],
        "The bytes of the largest value, in floating point, where nothing overflows.",
    )


def sizes_fit(frame: Frame) -> str:
    """The function that says whether the program can run with some sizes."""
    tests = [f"{name} >= 1" for name in frame.sizes]
    if frame.sizes:
        large = ", ".join(f"(double){name}" for name in frame.sizes)
        tests.append(f"{frame.lowered.prefix}_largest({large}) <= {_MOST_BYTES}")
    lines: list[str] = []
    for test in dict.fromkeys([*tests, *_axis_tests(frame), *_condition_tests(frame)]):
        lines += [f"if (!({test}))", "    return 0;"]
    parameters = ", ".join(frame.size_parameters) or "void"
    return function(
        f"static int {frame.lowered.prefix}_sizes_fit({parameters})",
        [*lines, "return 1;"],
        "Whether the program can run with these sizes.",
    )


def layout(frame: Frame) -> str:
    """The function that says where each slot of the arena starts."""
    lines = ["int64_t end = 0;"]
    for i, slot in enumerate(frame.plan.slots):
        lines += [f"at[{i}] = end;", *_past(frame, slot)]
    lines.append("return end;" if frame.plan.slots else f"return end + {ALIGNMENT};")
    text = "\n".join(lines)
    names = [*frame.sizes, "workers", "at"]
    unused = [n for n in names if not re.search(rf"\b{n}\b", text)]
    parameters = ", ".join([*frame.size_parameters, "int64_t workers", "int64_t *at"])
    return function(
        f"static int64_t {frame.lowered.prefix}_layout({parameters})",
        [*(f"(void){name};" for name in unused), *lines],
        "Where each slot of the arena starts; returns where the last one ends.",
    )


def arena_bytes(frame: Frame) -> str:
    """The function that says how large the arena must be."""
    lines = [
        f"int64_t at[{len(frame.plan.slots) or 1}];",
        f"if (pool_size(threads) == 0 || !{frame.own('sizes_fit')})",
        "    return 0;",
        *memory_lines(frame, "threads"),
        # where a pointer has 32 bits, so has size_t
        "return (int64_t)(size_t)needed == needed ? (size_t)needed : 0;",
    ]
    return function(frame.heads["arena_bytes"], lines)


def shape(frame: Frame, side: str, shapes: Sequence[Sequence[Size]]) -> str:
    """The function that says what shape an input or output has."""
    lines = [f"if (!{frame.own('sizes_fit')})", frame.status("BAD_SIZE")]
    lines += [f"if (!shape || which < 0 || which >= {len(shapes)})"]
    lines += [frame.status("BAD_POINTER")]
    for i, shape in enumerate(shapes):
        lines += [f"if (which == {i}) {{"]
        lines += [f"    shape[{axis}] = {frame.text(s)};" for axis, s in enumerate(shape)]
        lines += ["}"]
    return function(frame.heads[f"{side}_shape"], [*lines, frame.status("OK").strip()])


def _axis_tests(frame: Frame) -> Iterable[str]:
    axes = (size for shape in frame.lowered.shapes.values() for size in shape)
    return (f"{frame.text(size)} >= 1" for size in axes if isinstance(size, Dim))


def _condition_tests(frame: Frame) -> Iterable[str]:
    for left, sign, right in frame.lowered.conditions:
        if isinstance(left, int) and isinstance(right, int):
            if not (left <= right if sign == "<=" else left == right):
                raise UnsupportedError(must("a size in the program", f"{sign} {right}", left))
        elif left != right:
            yield f"{frame.text(left)} {sign} {frame.text(right)}"


def _past(frame: Frame, rooms: Sequence[Room]) -> list[str]:
    """Statements that move `end` behind a slot that holds the largest of some sizes."""
    fixed = max((r.size for r in rooms if isinstance(r.size, int) and not r.each), default=0)
    texts = [_room(frame, room) for room in rooms if isinstance(room.size, Dim) or room.each]
    if not texts:
        return [f"end += {-(-fixed // ALIGNMENT) * ALIGNMENT};"]
    texts += [str(fixed)] if fixed else []
    most = [f"    most = {text} > most ? {text} : most;" for text in texts[1:]]
    return ["{", f"    int64_t most = {texts[0]};", *most, f"    end += {round_up('most')};", "}"]


def _room(frame: Frame, room: Room) -> str:
    if not room.each:
        return frame.text(room.size)
    if isinstance(room.size, int):
        return f"workers * {-(-room.size // ALIGNMENT) * ALIGNMENT}"
    return f"workers * ({round_up(frame.text(room.size))})"
