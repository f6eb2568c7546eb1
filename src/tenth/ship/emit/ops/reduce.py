"""Ops that bring many elements together: pools, softmax, norms, means and products of matrices."""

from collections.abc import Sequence
from typing import Any

from tenth.graph.dims import Size
from tenth.graph.program import Node
from tenth.ship.emit.forms import count
from tenth.ship.emit.steps import Call, Scene, merged_axes, row_strides, struct_call
from tenth.ship.emit.text import float_text


def pool(node: Node, scene: Scene) -> Call:
    """The mean of each window."""
    planes, before, after = _planes(node, scene)
    names = {"kernel": 1, "stride": 1, "padding": 0, "dilation": 1}
    pairs = [
        item
        for name, alone in names.items()
        for item in _two(node.attributes.get(name, (1, 1)), alone)
    ]
    values = ", ".join(map(scene.size, (planes, *before, *after, *pairs)))
    flag = int(node.attributes["count_padding"])
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    lines = (
        "{",
        f"    const struct pool_sizes s = {{{values}}};",
        f"    each_avg_pool(pool, &s, {flag}, {x}, {y});",
        "}",
    )
    return Call(lines, ("each_avg_pool",))


def adaptive_pool(node: Node, scene: Scene) -> Call:
    """The largest element or the mean of a given number of windows."""
    if node.inputs[0] in scene.forms:
        return _panel_mean(node, scene)
    planes, before, after = _planes(node, scene)
    values = ", ".join(map(scene.size, (planes, *before, *after)))
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    line = f"each_adaptive(pool, {node.op}, {x}, {y}, {values});"
    return Call((line,), ("each_adaptive", node.op))


def softmax(node: Node, scene: Scene) -> Call:
    """`exp(x) / sum(exp(x))` along an axis."""
    axis, shape = node.attributes["axis"], scene.shapes[node.name]
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    sizes = (
        scene.size(*part) for part in (shape[:axis], shape[axis : axis + 1], shape[axis + 1 :])
    )
    line = f"each_softmax(pool, {x}, {y}, {', '.join(sizes)});"
    return Call((line,), ("each_softmax",), in_place=node.inputs)


def layer_norm(node: Node, scene: Scene) -> Call:
    """Each row brought to mean 0 and variance 1, then scaled and shifted."""
    axes, shape = node.attributes["axes"], scene.shapes[node.name]
    if node.name in scene.forms:
        return _panel_norm(node, scene)
    x, weight, bias = scene.read(node.inputs[0]), scene.optional(node, 1), scene.optional(node, 2)
    rows, length = scene.size(*shape[:-axes]), scene.size(*shape[-axes:])
    epsilon = float_text(node.attributes["epsilon"])
    y = scene.variables[node.name]
    line = f"each_layer_norm(pool, {x}, {weight}, {bias}, {y}, {rows}, {length}, {epsilon});"
    return Call((line,), ("each_layer_norm",), in_place=node.inputs[:1])


def mean(node: Node, scene: Scene) -> Call:
    """The mean over some axes."""
    if node.inputs[0] in scene.forms:
        return _panel_mean(node, scene)
    shape = scene.shapes[node.inputs[0]]
    over = node.attributes["axes"]
    steps = list(enumerate(zip(shape, row_strides(shape), strict=True)))
    boxes = [
        merged_axes([pair for axis, pair in steps if (axis in over) == inside])
        for inside in (False, True)
    ]
    arguments = ", ".join(
        f"{len(box)}, {', '.join(scene.row(column) for column in zip(*box, strict=True))}"
        for box in boxes
    )
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    return Call((f"mean({x}, {y}, {arguments});",), ("mean",))


def matmul(node: Node, scene: Scene) -> Call:
    """The product of each pair of matrices of two batches."""
    a, b = (scene.shapes[name] for name in node.inputs)
    *batch, rows, columns = scene.shapes[node.name]
    strides = [_batch_strides(batch, shape) for shape in (a, b)]
    arrays = ", ".join(map(scene.row, (batch, *strides)))
    x, w = map(scene.read, node.inputs)
    sizes = ", ".join(map(scene.size, (rows, a[-1], columns)))
    line = f"matmul({x}, {w}, {scene.variables[node.name]}, {len(batch)}, {arrays}, {sizes});"
    return Call((line,), ("matmul",))


def _panel_norm(node: Node, scene: Scene) -> Call:
    """A layer norm over the channels of panels."""
    x, form = node.inputs[0], scene.forms[node.name]
    pixels = scene.size(form.pixels)
    members = {
        "x": scene.read(x),
        "from": f"{{{'PANELS' if x in scene.forms else 'ROWS'}, {form.channels}, {pixels}}}",
        "y": scene.variables[node.name],
        "to": f"{{PANELS, {form.channels}, {pixels}}}",
        "weight": scene.optional(node, 1),
        "bias": scene.optional(node, 2),
        "epsilon": float_text(node.attributes["epsilon"]),
        "images": scene.size(form.images),
    }
    return Call(
        struct_call("norm", members, "panel_norm(pool, &s);"),
        ("panel_norm",),
        in_place=(x,) if x in scene.forms else (),
    )


def _panel_mean(node: Node, scene: Scene) -> Call:
    """The mean of each channel of panels."""
    x = node.inputs[0]
    form = scene.forms[x]
    shape = f"(const struct shape){{PANELS, {form.channels}, {scene.size(form.pixels)}}}"
    images, y = scene.size(form.images), scene.variables[node.name]
    return Call((f"panel_mean({scene.read(x)}, &{shape}, {images}, {y});",), ("panel_mean",))


def _batch_strides(batch: Sequence[Size], shape: Sequence[Size]) -> list[Size]:
    """How far apart the matrices of one side lie; 0 along an axis where it has only one."""
    matrix = count(shape[-2:])
    own = [1] * (len(batch) + 2 - len(shape)) + list(shape[:-2])
    steps = row_strides(own)
    return [0 if size == 1 else step * matrix for size, step in zip(own, steps, strict=True)]


def _planes(node: Node, scene: Scene) -> tuple[Size, list[Size], list[Size]]:
    """The number of planes, and their two sizes before and after; a row is a plane of height 1."""
    x, y = scene.shapes[node.inputs[0]], scene.shapes[node.name]
    return x[0] * x[1], _two(x[2:], 1), _two(y[2:], 1)


def _two(values: Sequence[Any], alone: int) -> list[Any]:
    return [alone, *values][-2:]
