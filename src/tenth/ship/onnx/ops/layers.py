"""Layers with weights."""

import numpy as np

from tenth.graph.program import Node
from tenth.ship.onnx.sheet import Sheet


def linear(node: Node, sheet: Sheet) -> None:
    """Gemm for a matrix; else MatMul with the turned weight, and Add."""
    x, weight, *bias = node.inputs
    if len(sheet.shape(x)) == 2:
        sheet.add("Gemm", x, weight, *bias, to=node.name, transB=1)
        return
    turned = sheet.constant(sheet.graph.constants[weight].T)
    if bias:
        sheet.add("Add", sheet.add("MatMul", x, turned), *bias, to=node.name)
    else:
        sheet.add("MatMul", x, turned, to=node.name)


def conv(node: Node, sheet: Sheet) -> None:
    """Conv."""
    have = node.attributes
    sheet.add(
        "Conv",
        *node.inputs,
        to=node.name,
        kernel_shape=sheet.shape(node.inputs[1])[2:],
        strides=have["stride"],
        pads=have["padding"] * 2,
        dilations=have["dilation"],
        group=have["groups"],
    )


def channel_affine(node: Node, sheet: Sheet) -> None:
    """Mul and Add with a number for each channel."""
    x, *vectors = node.inputs
    column = (-1, *(1,) * (len(sheet.shape(x)) - 2))
    scale, shift = (
        sheet.constant(sheet.graph.constants[vector].reshape(column)) for vector in vectors
    )
    sheet.add("Add", sheet.add("Mul", x, scale), shift, to=node.name)


def embedding(node: Node, sheet: Sheet) -> None:
    """Gather of rows."""
    ids, table = node.inputs
    sheet.add("Gather", table, ids, to=node.name, axis=0)


def layer_norm(node: Node, sheet: Sheet) -> None:
    """LayerNormalization; its parts before opset 17, or where there is no weight."""
    x, *vectors = node.inputs
    axes, epsilon = node.attributes["axes"], node.attributes["epsilon"]
    if sheet.opset >= 17 and vectors:
        name = "LayerNormalization"
        sheet.add(name, x, *vectors, to=node.name, axis=-axes, epsilon=epsilon)
        return
    over = {"axes": tuple(range(-axes, 0)), "keepdims": 1}
    centred = sheet.add("Sub", x, sheet.add("ReduceMean", x, **over))
    squared = sheet.add("Pow", centred, sheet.number(2))
    variance = sheet.add("Add", sheet.add("ReduceMean", squared, **over), sheet.number(epsilon))
    spread = sheet.add("Sqrt", variance)
    last = [*zip(("Mul", "Add"), vectors, strict=False)]
    y = sheet.add("Div", centred, spread, to="" if last else node.name)
    for i, (op, vector) in enumerate(last, start=1):
        y = sheet.add(op, y, vector, to=node.name if i == len(last) else "")


def group_norm(node: Node, sheet: Sheet) -> None:
    """InstanceNormalization with each group as a channel; then Mul and Add for each channel."""
    x, *vectors = node.inputs
    groups, shape = node.attributes["groups"], sheet.shape(x)
    ones, zeros = (sheet.constant(np.full(groups, value, np.float32)) for value in (1, 0))
    rows = sheet.add("Reshape", x, sheet.integers(0, groups, -1))
    epsilon = node.attributes["epsilon"]
    normed = sheet.add("InstanceNormalization", rows, ones, zeros, epsilon=epsilon)
    y = sheet.add("Reshape", normed, sheet.add("Shape", x), to="" if vectors else node.name)
    column = (-1, *(1,) * (len(shape) - 2))
    for i, (op, vector) in enumerate(zip(("Mul", "Add"), vectors, strict=False), start=1):
        stretched = sheet.constant(sheet.graph.constants[vector].reshape(column))
        y = sheet.add(op, y, stretched, to=node.name if i == len(vectors) else "")
