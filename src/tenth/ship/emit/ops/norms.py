"""Norms of groups of channels, logs of softmax, sums and maxima."""

from tenth.graph.program import Node
from tenth.ship.emit.steps import Call, Scene, merged_axes, row_strides, struct_call
from tenth.ship.emit.text import float_text

_OF_BOX = {"sum": "sum_of_box", "max": "largest_of_box"}
_OF_EACH = {"exp": "exponential", "sqrt": "square_root", "softplus": "softplus"}


def group_norm(node: Node, scene: Scene) -> Call:
    """Each group of channels of an image brought to mean 0 and variance 1; scaled and shifted."""
    images, channels, *space = scene.shapes[node.name]
    groups = node.attributes["groups"]
    members = {
        "x": scene.read(node.inputs[0]),
        "weight": scene.optional(node, 1),
        "bias": scene.optional(node, 2),
        "y": scene.variables[node.name],
        "images": scene.size(images),
        "groups": str(groups),
        "channels": scene.size(channels // groups),
        "pixels": scene.size(*space),
        "epsilon": float_text(node.attributes["epsilon"]),
    }
    call = struct_call("channel_groups", members, "group_norm(pool, &s);")
    return Call(call, ("group_norm",), in_place=node.inputs[:1])


def log_softmax(node: Node, scene: Scene) -> Call:
    """`x - log(sum(exp(x)))` along an axis."""
    axis, shape = node.attributes["axis"], scene.shapes[node.name]
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    parts = (shape[:axis], shape[axis : axis + 1], shape[axis + 1 :])
    sizes = ", ".join(scene.size(*part) for part in parts)
    return Call((f"log_softmax({x}, {y}, {sizes});",), ("log_softmax",), in_place=node.inputs)


def of_box(node: Node, scene: Scene) -> Call:
    """The sum or the largest element over some axes."""
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
    kernel = _OF_BOX[node.op]
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    return Call((f"{kernel}({x}, {y}, {arguments});",), (kernel,))


def of_each(node: Node, scene: Scene) -> Call:
    """The exponential, the root or the softplus of each element."""
    kernel = _OF_EACH[node.op]
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    line = f"{kernel}({x}, {y}, {scene.size(*scene.shapes[node.name])});"
    return Call((line,), (kernel,), in_place=node.inputs)
