"""Layers with weights: linear and convolution, dense or sparse, and embedding."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenth.graph.dims import Size
from tenth.graph.program import Node
from tenth.kernels.packing import (
    CONV_PANEL,
    LINEAR_PANEL,
    TILE,
    KeptRows,
    all_rows,
    first_inputs,
    kept_rows,
    panels,
    shift_rows,
)
from tenth.ship.emit.steps import ALL, Call, Scene, count
from tenth.ship.emit.text import float_text

_FLOAT_BYTES = 4
_INT32_MAX = 2**31 - 1


def linear(node: Node, scene: Scene) -> Call:
    """`x weight^T + bias`, cut off at bounds."""
    weight = scene.weight(node)
    outputs, inputs = weight.shape
    rows = scene.size(*scene.shapes[node.inputs[0]][:-1])
    sizes = f"const struct linear_sizes s = {{{rows}, {inputs}, {outputs}}};"
    x = scene.read(node.inputs[0])
    ends = f"{_bias_and_bounds(node, scene)}, {scene.variables[node.name]}"
    if scene.kernels[node.name] == "sparse":
        kept = _kept(node, scene, kept_rows(weight), "")
        scratch = scene.scratch(node)
        call = f"linear_sparse(&s, {x}, {kept}, {ends}, {scratch});"
        size_bytes = (inputs + outputs) * TILE * _FLOAT_BYTES
        return Call(_block(sizes, call), ("linear_sparse",), (scratch, size_bytes))
    packed = scene.weights.add(node.inputs[1], "panels", panels(weight, LINEAR_PANEL))
    return Call(_block(sizes, f"linear_dense(&s, {x}, {packed}, {ends});"), ("linear_dense",))


def conv(node: Node, scene: Scene) -> Call:
    """Convolution over one or two axes, cut off at bounds."""
    weight = scene.weight(node)
    sparse = scene.kernels[node.name] == "sparse"
    outputs, groups = len(weight), node.attributes["groups"]
    dense = 0 if sparse else _paneled_outputs(outputs, groups)
    matrix = weight.reshape(outputs, -1)
    packed, kept = "NULL", "(struct kept){NULL, NULL, NULL}"
    if dense:
        packed = scene.weights.add(node.inputs[1], "panels", panels(matrix[:dense], CONV_PANEL))
    rest = (kept_rows if sparse else all_rows)(matrix[dense:])
    if dense < outputs:
        rest = shift_rows(rest, first_inputs(outputs, groups, matrix.shape[1])[dense:])
        kept = _kept(node, scene, rest, "" if sparse else "rest")
    geometry = _geometry(node, scene, weight)
    image, planes = geometry.image_floats(), geometry.plane_floats()
    taps = groups * matrix.shape[1]
    scratch = scene.scratch(node)
    call = (
        f"conv(&s, {scene.read(node.inputs[0])}, {packed}, {kept}, "
        f"{_bias_and_bounds(node, scene)}, {scene.variables[node.name]}, {scratch});"
    )
    return Call(
        _block(f"const struct conv_sizes s = {{{geometry.fields(scene, dense)}}};", call),
        ("conv",),
        (scratch, (planes + taps + len(rest.values)) * _FLOAT_BYTES),
        conditions=((planes, "<=", _INT32_MAX), (image, "<=", _INT32_MAX)),
    )


def embedding(node: Node, scene: Scene) -> Call:
    """Rows of a table."""
    table = scene.weight(node)
    ids, entries, y = (*map(scene.read, node.inputs), scene.variables[node.name])
    number = scene.size(*scene.shapes[node.inputs[0]])
    failed = f"{scene.weights.prefix.upper()}_BAD_ID"
    lines = (
        f"if (!embedding({ids}, {entries}, {y}, {number}, {len(table)}, {table.shape[1]}))",
        f"    return {failed};",
    )
    return Call(lines, ("embedding",))


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
        """Along this axis, the sizes of all phases of the padded image together (see conv.c)."""
        phases = max(k * self.dilation % self.stride for k in range(self.kernel)) + 1
        return phases * (self.outputs + (self.kernel - 1) * self.dilation // self.stride)


@dataclass(frozen=True)
class _Geometry:
    """The sizes of a convolution; one over a single axis has a height of 1."""

    images: Size
    channels: int
    outputs: int
    groups: int
    y: _Axis
    x: _Axis

    def image_floats(self) -> Size:
        """The floats of one input image."""
        return count([self.channels, self.y.size, self.x.size])

    def plane_floats(self) -> Size:
        """The floats of the planes of one image; an image may be its own planes."""
        if all(axis.stride == 1 and axis.pad == 0 for axis in (self.y, self.x)):
            return 0
        return count([self.channels, self.y.plane_size(), self.x.plane_size()])

    def fields(self, scene: Scene, dense: int) -> str:
        """The members of `struct conv_sizes`."""
        members: dict[str, Any] = {
            "images": self.images,
            "channels": self.channels,
            "height": self.y.size,
            "width": self.x.size,
            "outputs": self.outputs,
            "rows": self.y.outputs,
            "columns": self.x.outputs,
            "groups": self.groups,
            "dense": dense,
        }
        for name in ("kernel", "stride", "pad", "dilation"):
            members |= {f"{name}_y": getattr(self.y, name), f"{name}_x": getattr(self.x, name)}
        return ", ".join(f".{name} = {scene.size(size)}" for name, size in members.items())


def _geometry(node: Node, scene: Scene, weight: np.ndarray) -> _Geometry:
    x, y = scene.shapes[node.inputs[0]], scene.shapes[node.name]
    steps: list[Sequence[Any]] = [node.attributes[k] for k in ("stride", "padding", "dilation")]
    axes = [_Axis(*row) for row in zip(x[2:], y[2:], weight.shape[2:], *steps, strict=True)]
    first = axes[0] if len(axes) == 2 else _Axis(1, 1)
    groups = node.attributes["groups"]
    return _Geometry(x[0], weight.shape[1] * groups, len(weight), groups, first, axes[-1])


def _paneled_outputs(outputs: int, groups: int) -> int:
    """How many of the outputs stand in whole panels, none of which crosses two groups."""
    if groups == 1:
        return outputs - outputs % CONV_PANEL
    return outputs if outputs // groups % CONV_PANEL == 0 else 0


def _kept(node: Node, scene: Scene, kept: KeptRows, form: str) -> str:
    arrays = {"values": kept.values, "indices": kept.indices, "starts": kept.starts}
    symbols = (
        scene.weights.add(node.inputs[1], f"{form}_{name}".strip("_"), array)
        for name, array in arrays.items()
    )
    return f"(struct kept){{{', '.join(symbols)}}}"


def _bias_and_bounds(node: Node, scene: Scene) -> str:
    low, high = map(float_text, scene.bounds.get(node.name, ALL))
    return f"{scene.optional(node, 2)}, {low}, {high}"


def _block(*lines: str) -> tuple[str, ...]:
    return ("{", *(f"    {line}" for line in lines), "}")
