"""Ops that move elements without changing them."""

from tenth.graph.dims import Dim, Size
from tenth.graph.program import Node
from tenth.graph.shape_rules import Shape
from tenth.ship.emit.forms import count
from tenth.ship.emit.steps import Call, Condition, Scene, merged_axes, row_strides


def reshape(node: Node, scene: Scene) -> Call:
    """The same place under another name: nothing runs, but the free sizes must come out even."""
    before, after = (count(scene.shapes[name]) for name in (node.inputs[0], node.name))
    return Call((), (), conditions=((before, "==", after),))


def transpose(node: Node, scene: Scene) -> Call:
    """The axes in another order."""
    order, shape = node.attributes["order"], scene.shapes[node.inputs[0]]
    steps = row_strides(shape)
    box = merged_axes([(shape[i], steps[i]) for i in order])
    sizes, strides = (scene.row(column) for column in zip(*box, strict=True))
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    return Call((f"transpose({x}, {y}, {len(box)}, {sizes}, {strides});",), ("transpose",))


def concat(node: Node, scene: Scene) -> Call:
    """The parts one after another along an axis."""
    axis, whole = node.attributes["axis"], scene.shapes[node.name]
    outer, step = scene.size(*whole[:axis]), scene.size(*whole[axis:])
    lines: list[str] = []
    start: Size = 0
    for name in node.inputs:
        part = scene.shapes[name][axis:]
        y = _moved(scene, scene.variables[node.name], start)
        length = scene.size(*part)
        lines.append(f"copy_blocks({scene.read(name)}, {length}, {y}, {step}, {outer}, {length});")
        start = start + count(part)
    first = node.inputs[0]
    conditions = tuple(
        condition
        for name in node.inputs[1:]
        for condition in even(_without(scene, first, axis), _without(scene, name, axis))
    )
    return Call(tuple(lines), ("copy_blocks",), conditions=conditions)


def slice_(node: Node, scene: Scene) -> Call:
    """A stretch of an axis, or each step-th of it."""
    axis, start, stop, step = (node.attributes[k] for k in ("axis", "start", "stop", "step"))
    shape, part = scene.shapes[node.inputs[0]], scene.shapes[node.name]
    inner, size = count(shape[axis + 1 :]), shape[axis]
    first = start if start >= 0 else size + start
    last = stop if stop > 0 else size + stop
    x = _moved(scene, scene.read(node.inputs[0]), first * inner)
    y = scene.variables[node.name]
    conditions: tuple[Condition, ...] = (
        (first + 1, "<=", last),
        (last, "<=", size),
        (max(0, -start), "<=", size),
    )
    if step > 1:
        steps = row_strides(shape)
        steps[axis] = steps[axis] * step
        box = merged_axes(list(zip(part, steps, strict=True)))
        rows = ", ".join(scene.row(column) for column in zip(*box, strict=True))
        return Call((f"fit({x}, {y}, {len(box)}, {rows});",), ("fit",), conditions=conditions)
    outer, whole, length = (
        scene.size(*sizes) for sizes in (shape[:axis], (inner, size), (part[axis], inner))
    )
    line = f"copy_blocks({x}, {whole}, {y}, {length}, {outer}, {length});"
    return Call((line,), ("copy_blocks",), conditions=conditions)


def pad(node: Node, scene: Scene) -> Call:
    """Zeros around, or the opposite side."""
    shape = scene.shapes[node.inputs[0]]
    before, after = node.attributes["before"], node.attributes["after"]
    circular = node.attributes["mode"] == "circular"
    rows = ", ".join(map(scene.row, (shape, before, after)))
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    line = f"pad({x}, {y}, {len(shape)}, {rows}, {int(circular)});"
    conditions: tuple[Condition, ...] = tuple(
        (max(amounts), "<=", size)
        for size, *amounts in zip(shape, before, after, strict=True)
        if circular and max(amounts) > 1
    )
    return Call((line,), ("pad",), conditions=conditions)


def even(one: Shape, other: Shape) -> tuple[Condition, ...]:
    """What holds where two shapes, which may differ where a size is rounded, are the same."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return tuple(
        (a, "==", b) for a, b in pairs if a != b and isinstance(a, Dim) and isinstance(b, Dim)
    )


def _without(scene: Scene, name: str, axis: int) -> Shape:
    shape = scene.shapes[name]
    return (*shape[:axis], *shape[axis + 1 :])


def _moved(scene: Scene, pointer: str, elements: Size) -> str:
    return pointer if elements == 0 else f"{pointer} + {scene.size(elements)}"
