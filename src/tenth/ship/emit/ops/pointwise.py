"""Functions of each element, and of pairs of elements."""

from collections.abc import Sequence

from tenth.graph.dims import Size
from tenth.graph.program import Node
from tenth.ship.emit.fuse import bounds
from tenth.ship.emit.ops.arrange import even
from tenth.ship.emit.steps import Call, Scene, row_strides
from tenth.ship.emit.text import float_text

_CURVES = {
    ("sigmoid", ""): "sigmoid",
    ("tanh", ""): "hyperbolic_tangent",
    ("silu", ""): "silu",
    ("hardsigmoid", ""): "hardsigmoid",
    ("hardswish", ""): "hardswish",
    ("gelu", "none"): "gelu",
    ("gelu", "tanh"): "gelu_tanh",
}


def curve(node: Node, scene: Scene) -> Call:
    """A function of each element, without numbers of its own."""
    kernel = _CURVES[node.op, node.attributes.get("approximate", "")]
    return _unary(node, scene, ("each_element", kernel))


def clip(node: Node, scene: Scene) -> Call:
    """`min(max(x, low), high)`, relu too."""
    low, high = bounds(node)
    return _unary(node, scene, ("each_clip",), (float_text(low), float_text(high)))


def channel_affine(node: Node, scene: Scene) -> Call:
    """`x * scale + shift` for each channel."""
    images, channels, *space = scene.shapes[node.name]
    sizes = [scene.size(images), scene.size(channels), scene.size(*space)]
    if node.name in scene.forms:
        sizes = [f"{sizes[0]} * panels_of({sizes[2]})", sizes[1], "PANEL"]
    arguments = (*map(scene.read, node.inputs), scene.variables[node.name], *sizes)
    line = f"channel_affine({', '.join(arguments)});"
    return Call((line,), ("channel_affine", *scene.form_kernels(node)), in_place=node.inputs[:1])


def pair(node: Node, scene: Scene) -> Call:
    """A sum, product, comparison and the like of a and b, stretched as numpy does."""
    shape = scene.shapes[node.name]
    row = f"{node.op}_row"
    a, b = map(scene.read, node.inputs)
    if node.name in scene.forms:
        box = f"(const int64_t[]){{{scene.elements(node.name)}}}"
        ones = "(const int64_t[]){1}"
        y = scene.variables[node.name]
        line = f"broadcast(pool, {row}, {a}, {b}, {y}, 1, {box}, {ones}, {ones});"
        kernels = ("broadcast", row, *scene.form_kernels(node))
        return Call((line,), kernels, in_place=node.inputs)
    sizes, strides = _merged(shape, [scene.shapes[name] for name in node.inputs])
    arrays = ", ".join(map(scene.row, (sizes, *strides)))
    y = scene.variables[node.name]
    line = f"broadcast(pool, {row}, {a}, {b}, {y}, {len(sizes)}, {arrays});"
    return Call(
        (line,),
        ("broadcast", row),
        in_place=tuple(name for name in node.inputs if scene.shapes[name] == shape),
        conditions=even(*(scene.shapes[name] for name in node.inputs)),
    )


def _unary(node: Node, scene: Scene, kernels: tuple[str, ...], more: tuple[str, ...] = ()) -> Call:
    """A call of the first kernel, which is given the others and then `more`."""
    each, *functions = kernels
    x, y = scene.read(node.inputs[0]), scene.variables[node.name]
    arguments = ("pool", *functions, x, y, scene.elements(node.name), *more)
    line = f"{each}({', '.join(arguments)});"
    return Call((line,), (*kernels, *scene.form_kernels(node)), in_place=node.inputs)


def _merged(
    shape: Sequence[Size], read: Sequence[Sequence[Size]]
) -> tuple[list[Size], list[list[Size]]]:
    """The result as a box of few axes, and the strides in it of each value read.

    Neighbouring axes along which the same values are stretched become one:
    [N, C, H, W] with [C, 1, 1] --> box [N, C, H * W], strides (C * H * W, H * W, 1), (0, 1, 0).
    """
    whole = [(1,) * (len(shape) - len(one)) + tuple(one) for one in read]
    axes = [
        (size, tuple(one[i] != size for one in whole)) for i, size in enumerate(shape) if size != 1
    ]
    groups: list[tuple[Size, tuple[bool, ...]]] = []
    for size, stretched in axes:
        if groups and groups[-1][1] == stretched:
            groups[-1] = (groups[-1][0] * size, stretched)
        else:
            groups.append((size, stretched))
    groups = groups or [(1, (False,) * len(read))]
    strides: list[list[Size]] = []
    for k in range(len(read)):
        own = [1 if stretched[k] else size for size, stretched in groups]
        steps = row_strides(own)
        strides.append(
            [0 if flags[k] else step for step, (_, flags) in zip(steps, groups, strict=True)]
        )
    return [size for size, _ in groups], strides
