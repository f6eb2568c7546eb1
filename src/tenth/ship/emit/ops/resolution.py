"""Ops that change the resolution of pictures and sequences, or the sizes of values."""

from typing import Any

from tenth.graph.dims import Size
from tenth.graph.program import Node
from tenth.ship.emit.forms import count
from tenth.ship.emit.steps import Call, Condition, Scene, merged_axes, row_strides, struct_call


def resize(node: Node, scene: Scene) -> Call:
    """Each pixel from the nearest one, or between its neighbours."""
    x, y = scene.shapes[node.inputs[0]], scene.shapes[node.name]
    up, down = (_two(node.attributes[name], 1) for name in ("up", "down"))
    before, after = _two(x[2:], 1), _two(y[2:], 1)
    members = {
        "x": scene.read(node.inputs[0]),
        "y": scene.variables[node.name],
        "planes": scene.size(x[0], x[1]),
        "height": scene.size(before[0]),
        "width": scene.size(before[1]),
        "rows": scene.size(after[0]),
        "columns": scene.size(after[1]),
        "up_y": str(up[0]),
        "down_y": str(down[0]),
        "up_x": str(up[1]),
        "down_x": str(down[1]),
        "corners": str(int(node.attributes["corners"])),
    }
    kernel = f"resize_{node.attributes['mode']}"
    return Call(struct_call("resize", members, f"{kernel}(pool, &s);"), (kernel,))


def depth_to_space(node: Node, scene: Scene) -> Call:
    """Neighbouring channels become the pixels of a block."""
    x, y = scene.shapes[node.inputs[0]], scene.shapes[node.name]
    block, space = _two(node.attributes["block"], 1), _two(x[2:], 1)
    members = {
        "x": scene.read(node.inputs[0]),
        "y": scene.variables[node.name],
        "planes": scene.size(y[0], y[1]),
        "height": scene.size(space[0]),
        "width": scene.size(space[1]),
        "block_y": str(block[0]),
        "block_x": str(block[1]),
    }
    call = "depth_to_space(pool, &s);"
    return Call(struct_call("pixel_blocks", members, call), ("depth_to_space",))


def fit(node: Node, scene: Scene) -> Call:
    """Some axes cut or stretched to the sizes of another value's."""
    x, y = scene.shapes[node.inputs[0]], scene.shapes[node.name]
    steps = [0 if size == 1 else step for size, step in zip(x, row_strides(x), strict=True)]
    box = merged_axes(list(zip(y, steps, strict=True)))
    sizes, strides = (scene.row(column) for column in zip(*box, strict=True))
    conditions: tuple[Condition, ...] = tuple(
        (y[axis], "<=", x[axis]) for axis in node.attributes["axes"] if x[axis] != 1
    )
    line = (
        f"fit({scene.read(node.inputs[0])}, {scene.variables[node.name]}, {len(box)}, "
        f"{sizes}, {strides});"
    )
    return Call((line,), ("fit",), conditions=conditions)


def cast(node: Node, scene: Scene) -> Call:
    """Whole numbers as floats."""
    size = scene.size(count(scene.shapes[node.name]))
    line = f"cast_ids({scene.read(node.inputs[0])}, {scene.variables[node.name]}, {size});"
    return Call((line,), ("cast_ids",))


def _two(values: Any, alone: Size) -> list[Size]:
    return [alone, *values][-2:]
