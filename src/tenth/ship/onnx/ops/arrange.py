"""Ops that move elements."""

from tenth.graph.program import Node
from tenth.ship.onnx.sheet import END, Sheet


def concat(node: Node, sheet: Sheet) -> None:
    """Concat."""
    sheet.add("Concat", *node.inputs, to=node.name, axis=node.attributes["axis"])


def slice_(node: Node, sheet: Sheet) -> None:
    """Slice."""
    have = node.attributes
    sheet.cut(node.inputs[0], have["axis"], have["start"], have["stop"] or END, to=node.name)


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
