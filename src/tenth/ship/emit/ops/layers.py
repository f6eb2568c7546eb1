"""Layers with weights: linear and convolution, dense or sparse, and embedding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenth.graph.dims import Size
from tenth.graph.program import Node
from tenth.kernels.matrices import dense_record, kept_record
from tenth.ship.emit.forms import Pixels, planes_of, tokens_of
from tenth.ship.emit.fuse import is_depthwise
from tenth.ship.emit.steps import HEIGHTS, Call, Scene, struct_call
from tenth.ship.emit.text import float_text

_FLOAT_BYTES = 4
_OFFSET_BYTES = 8
_SLACK_FLOATS = 128
"""Room behind planes, for vectors that reach beyond."""


def linear(node: Node, scene: Scene) -> Call:
    """`x weight^T + bias`, with what follows it."""
    x, end = node.inputs[0], scene.end(node)
    pixels = tokens_of(scene.shapes[node.name])
    residual = scene.tails[node.name].residual
    if not any(name in scene.forms for name in (x, end, residual)):
        # rows lie one behind the other, whatever they are rows of
        pixels = Pixels(1, pixels.channels, pixels.images * pixels.pixels, last=True)
    inputs = len(scene.weight(node)[0])
    geometry = _Geometry(1, inputs, inputs, _Axis(1, 1), _Axis(pixels.pixels, pixels.pixels))
    return _layer(node, scene, pixels, geometry)


def conv(node: Node, scene: Scene) -> Call:
    """Convolution over one or two axes, with what follows it."""
    geometry = _geometry(node, scene)
    if is_depthwise(scene.graph, node):
        return _depthwise(node, scene, geometry)
    return _layer(node, scene, planes_of(scene.shapes[node.name]), geometry)


def embedding(node: Node, scene: Scene) -> Call:
    """Rows of a table."""
    table = scene.weight(node)
    ids, entries, y = (*map(scene.read, node.inputs), scene.variables[node.name])
    number = scene.size(*scene.shapes[node.inputs[0]])
    failed = f"{scene.weights.prefix.upper()}_BAD_ID"
    sizes = f"{number}, {len(table)}, {table.shape[1]}"
    lines = (
        f"if (!each_embedding(pool, {ids}, {entries}, {y}, {sizes}))",
        f"    return {failed};",
    )
    return Call(lines, ("each_embedding",))


@dataclass(frozen=True)
class _Axis:
    """One axis of a convolution."""

    size: Size
    outputs: Size
    kernel: int = 1
    stride: int = 1
    pad: int = 0
    dilation: int = 1

    def plane_size(self) -> Size:
        """Along this axis, the sizes of all phases of the padded image together (see gather.c)."""
        phases = max(k * self.dilation % self.stride for k in range(self.kernel)) + 1
        return phases * self.pitch()

    def reach(self) -> Size:
        """At least all that windows meet along this axis, inside and beyond."""
        return self.size + 2 * self.pad + self.outputs * self.stride + self.kernel * self.dilation

    def pitch(self) -> Size:
        """Along this axis, the size of one phase."""
        return self.outputs + (self.kernel - 1) * self.dilation // self.stride


@dataclass(frozen=True)
class _Geometry:
    """How a kernel moves; a convolution over a single axis has a height of 1."""

    groups: int
    channels: Size
    depth: int
    y: _Axis
    x: _Axis

    @property
    def taps(self) -> int:
        """The places of the kernel."""
        return self.y.kernel * self.x.kernel

    def is_direct(self) -> bool:
        """Whether an image is its own planes."""
        return all(axis.stride == 1 and axis.pad == 0 for axis in (self.y, self.x))

    def plane_floats(self) -> Size:
        """The floats of the planes of one channel."""
        return self.y.plane_size() * self.x.plane_size()

    def text(self, scene: Scene) -> str:
        """A `struct conv_sizes`."""
        y, x = self.y, self.x
        sizes: list[Size] = [self.channels, y.size, x.size, y.outputs, x.outputs]
        sizes += [y.kernel, x.kernel, y.stride, x.stride, y.pad, x.pad, y.dilation, x.dilation]
        return f"{{{', '.join(map(scene.size, sizes))}}}"


def _geometry(node: Node, scene: Scene) -> _Geometry:
    x, y = scene.shapes[node.inputs[0]], scene.shapes[node.name]
    weight = scene.weight(node)
    steps: list[Sequence[Any]] = [node.attributes[k] for k in ("stride", "padding", "dilation")]
    axes = [_Axis(*row) for row in zip(x[2:], y[2:], weight.shape[2:], *steps, strict=True)]
    first = axes[0] if len(axes) == 2 else _Axis(1, 1)
    groups = node.attributes["groups"]
    depth = weight[0].size
    return _Geometry(groups, weight.shape[1] * groups, depth, first, axes[-1])


def _layer(node: Node, scene: Scene, pixels: Pixels, geometry: _Geometry) -> Call:
    """A call of run_layer."""
    x, end, tail = node.inputs[0], scene.end(node), scene.tails[node.name]
    outputs = pixels.channels
    offsets_bytes = -(-geometry.taps * _OFFSET_BYTES // 64) * 64
    planes_bytes: Size = 0
    scratch, worker = scene.scratch(node), scene.scratch(node, "worker")
    if node.op == "conv" and x not in scene.forms and not geometry.is_direct():
        floats = geometry.channels * geometry.plane_floats() + _SLACK_FLOATS
        planes_bytes = floats * _FLOAT_BYTES
    own = outputs // geometry.groups
    # as LAYER_SCRATCH in layer.c
    worker_bytes = -(-(16384 + 64 + (own + 6) * 64) * _FLOAT_BYTES // 64) * 64
    members = {
        "matrix": _matrix(node, scene, outputs, geometry),
        "x": scene.read(x),
        "from": _shape(scene, x, geometry.channels, pixels),
        "y": scene.variables[end],
        "to": _shape(scene, end, outputs, pixels),
        "bias": scene.optional(node, 2),
        "residual": "NULL" if tail.residual is None else scene.read(tail.residual),
        "residual_form": _form(scene, tail.residual, pixels),
        "low": float_text(tail.bounds[0]),
        "high": float_text(tail.bounds[1]),
        "images": scene.size(pixels.images),
        "conv": geometry.text(scene),
        "planes": f"{scratch} + {offsets_bytes // _FLOAT_BYTES}" if planes_bytes else "NULL",
        "offsets": f"(int64_t *)(void *){scratch}",
        "scratch": f"(char *){worker}",
        "scratch_step": f"(LAYER_SCRATCH({own}) + 63) / 64 * 64",
    }
    like = tail.residual is not None and _form(scene, tail.residual, pixels) == _form(
        scene, end, pixels
    )
    return Call(
        struct_call("layer", members, "run_layer(pool, workers, &s);"),
        ("run_layer",),
        scratch=(scratch, offsets_bytes + planes_bytes),
        worker_scratch=(worker, worker_bytes),
        in_place=(tail.residual,) if like and tail.residual else (),
    )


def _matrix(node: Node, scene: Scene, outputs: int, geometry: _Geometry) -> str:
    """A `struct matrix`."""
    kernel = scene.kernels[node.name]
    matrix = scene.weight(node).reshape(outputs, -1)
    values = scene.values
    record = (
        dense_record(matrix, groups=geometry.groups, values=values)
        if kernel == "dense"
        else kept_record(matrix, height=HEIGHTS[kernel], values=values)
    )
    loaded = scene.weights.add_packed(node.inputs[1], record, kernel)
    kind = "DENSE" if kernel == "dense" else f"KEPT_{HEIGHTS[kernel]}"
    return f"{{{kind}, {outputs}, {geometry.depth}, {geometry.groups}, {loaded}}}"


def _depthwise(node: Node, scene: Scene, geometry: _Geometry) -> Call:
    """A call of run_channelwise with weights."""
    weight = scene.weight(node)
    members = {
        "weights": scene.weights.add(node.inputs[1], "taps", weight.reshape(len(weight), -1)),
        "bias": scene.optional(node, 2),
        "low": float_text(scene.tails[node.name].bounds[0]),
        "high": float_text(scene.tails[node.name].bounds[1]),
    }
    return _channelwise(node, scene, geometry, members)


def max_pool(node: Node, scene: Scene) -> Call:
    """The largest element of each window."""
    x, y = scene.shapes[node.inputs[0]], scene.shapes[node.name]
    names = ("kernel", "stride", "padding", "dilation")
    windows = list(zip(*(node.attributes[name] for name in names), strict=True))
    axes = [
        _Axis(*row, *window)
        for row, window in zip(zip(x[2:], y[2:], strict=True), windows, strict=True)
    ]
    first = axes[0] if len(axes) == 2 else _Axis(1, 1)
    channels = x[1]
    geometry = _Geometry(1, channels, 1, first, axes[-1])
    return _channelwise(node, scene, geometry, {"low": "-INFINITY", "high": "INFINITY"})


def _channelwise(node: Node, scene: Scene, geometry: _Geometry, members: Mapping[str, str]) -> Call:
    """A call of run_channelwise."""
    end, shape = scene.end(node), scene.shapes[node.name]
    form = "PANELS" if end in scene.forms else "PLANES"
    scratch, worker = scene.scratch(node), scene.scratch(node, "worker")
    sums = geometry.y.outputs * geometry.x.pitch()
    floats = geometry.plane_floats() + 2 * sums + geometry.x.reach() + 3 * _SLACK_FLOATS
    worker_bytes = floats * _FLOAT_BYTES
    members = {
        "x": scene.read(node.inputs[0]),
        **members,
        "y": scene.variables[end],
        "to": f"{{{form}, {scene.size(shape[1])}, {scene.size(*shape[2:])}}}",
        "images": scene.size(shape[0]),
        "conv": geometry.text(scene),
        "offsets": f"(int64_t *)(void *){scratch}",
        "scratch": f"(char *){worker}",
        "scratch_step": f"({scene.size(worker_bytes)} + 63) / 64 * 64",
    }
    return Call(
        struct_call("channelwise", members, "run_channelwise(pool, &s);"),
        ("run_channelwise",),
        scratch=(scratch, geometry.taps * _OFFSET_BYTES),
        worker_scratch=(worker, worker_bytes),
    )


def _form(scene: Scene, name: str | None, pixels: Pixels) -> str:
    if name in scene.forms:
        return "PANELS"
    return "ROWS" if pixels.last else "PLANES"


def _shape(scene: Scene, name: str, channels: Size, pixels: Pixels) -> str:
    sizes = f"{scene.size(channels)}, {scene.size(pixels.pixels)}"
    return f"{{{_form(scene, name, pixels)}, {sizes}}}"
