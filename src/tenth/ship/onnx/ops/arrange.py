"""Ops that move elements."""

from typing import cast

import numpy as np

from tenth.graph.program import Node
from tenth.ship.onnx.sheet import END, Sheet


def concat(node: Node, sheet: Sheet) -> None:
    """Concat."""
    sheet.add("Concat", *node.inputs, to=node.name, axis=node.attributes["axis"])


def slice_(node: Node, sheet: Sheet) -> None:
    """Slice."""
    have = node.attributes
    numbers = (have["start"], have["stop"] or END, have["axis"], have["step"])
    sheet.add("Slice", *node.inputs, *map(sheet.integers, numbers), to=node.name)


def fit(node: Node, sheet: Sheet) -> None:
    """Slice where an axis is cut, Expand where it is stretched."""
    x, like = node.inputs
    shape = sheet.shape(x)
    wanted: list[int | str] = [1] * len(shape)
    pairs = zip(node.attributes["axes"], node.attributes["places"], strict=True)
    for axis, place in pairs:
        size = sheet.size(like, place)
        if shape[axis] == 1:
            wanted[axis] = size
        else:
            x = sheet.add("Slice", x, sheet.integers(0), size, sheet.integers(axis))
    sheet.add("Expand", x, sheet.row(*wanted), to=node.name)


def pad(node: Node, sheet: Sheet) -> None:
    """Pad; where it goes round, the slices of each axis side by side."""
    before, after = node.attributes["before"], node.attributes["after"]
    (x,) = node.inputs
    if node.attributes["mode"] == "zeros":
        sheet.add("Pad", x, sheet.integers(*before, *after), to=node.name)
        return
    for axis, (front, back) in enumerate(zip(before, after, strict=True)):
        parts = [x]
        if front:
            parts.insert(0, sheet.cut(x, axis, -front))
        if back:
            parts.append(sheet.cut(x, axis, 0, back))
        x = sheet.add("Concat", *parts, axis=axis) if len(parts) > 1 else x
    sheet.add("Identity", x, to=node.name)


def reshape(node: Node, sheet: Sheet) -> None:
    """Reshape: 0 and -1 mean the same there."""
    sheet.add("Reshape", *node.inputs, sheet.integers(*node.attributes["shape"]), to=node.name)


def transpose(node: Node, sheet: Sheet) -> None:
    """Transpose."""
    sheet.add("Transpose", *node.inputs, to=node.name, perm=node.attributes["order"])


def resize(node: Node, sheet: Sheet) -> None:
    """Resize; from the nearest pixel in uneven steps, Gather along each axis."""
    up, down, (x,) = node.attributes["up"], node.attributes["down"], node.inputs
    linear = node.attributes["mode"] == "linear"
    if not linear and set(down) != {1}:
        _nearest(node, sheet)
        return
    scales = sheet.constant(np.array([1, 1, *np.divide(up, down)], np.float32))
    if not linear:
        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    elif node.attributes["corners"]:
        how = {"coordinate_transformation_mode": "align_corners"}
    else:
        how = {"coordinate_transformation_mode": "half_pixel"}
    mode = "linear" if linear else "nearest"
    sheet.add("Resize", x, "", scales, to=node.name, mode=mode, **how)


def _nearest(node: Node, sheet: Sheet) -> None:
    # Resize counts in floating point, which rounds some pixels to their neighbours
    x, last = node.inputs[0], len(node.attributes["up"]) + 1
    for axis, ratio in enumerate(
        zip(node.attributes["up"], node.attributes["down"], strict=True), start=2
    ):
        up, down = map(sheet.integers, ratio)
        size, one = sheet.size(node.inputs[0], axis), sheet.constant(np.array(1))
        count = sheet.add("Div", sheet.add("Mul", size, up), down)
        end = sheet.add("Squeeze", count, sheet.integers(0))
        steps = sheet.add("Range", sheet.constant(np.array(0)), end, one)
        places = sheet.add("Div", sheet.add("Mul", steps, down), up)
        places = sheet.add("Min", places, sheet.add("Sub", size, one))
        x = sheet.add("Gather", x, places, to=node.name if axis == last else "", axis=axis)


def depth_to_space(node: Node, sheet: Sheet) -> None:
    """DepthToSpace; where a block is no square, Reshape and Transpose."""
    block, (x,) = node.attributes["block"], node.inputs
    if len(block) == 2 and len(set(block)) == 1:
        sheet.add("DepthToSpace", x, to=node.name, blocksize=block[0], mode="CRD")
        return
    axes, channels = len(block), cast(int, sheet.shape(node.name)[1])
    space = [sheet.size(x, axis) for axis in range(2, 2 + axes)]
    split = sheet.add("Reshape", x, sheet.row(0, channels, *block, *space))
    order = (0, 1, *(axis for i in range(axes) for axis in (2 + axes + i, 2 + i)))
    whole = [
        sheet.add("Mul", size, sheet.integers(one)) for size, one in zip(space, block, strict=True)
    ]
    turned = sheet.add("Transpose", split, perm=order)
    sheet.add("Reshape", turned, sheet.row(0, channels, *whole), to=node.name)
