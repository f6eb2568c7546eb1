"""Functions of each element, and of pairs of elements."""

import math
from collections.abc import Mapping
from typing import Any

from tenth.graph.program import Node
from tenth.ship.onnx.sheet import Sheet, is_finite

_SAME = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "exp": "Exp",
    "sqrt": "Sqrt",
    "softplus": "Softplus",
    "prelu": "PRelu",
    "matmul": "MatMul",
}
_TRUTHS = {"equal": "Equal", "less": "Less"}
_FLOAT = 1
_HARD: Mapping[str, Any] = {"alpha": 1 / 6, "beta": 0.5}


def same(node: Node, sheet: Sheet) -> None:
    """One node that means the same."""
    sheet.add(_SAME[node.op], *node.inputs, to=node.name)


def truth(node: Node, sheet: Sheet) -> None:
    """A comparison, its truths as numbers."""
    sheet.add_many("Cast", (sheet.add(_TRUTHS[node.op], *node.inputs),), (node.name,), to=_FLOAT)


def cast(node: Node, sheet: Sheet) -> None:
    """Cast."""
    sheet.add_many("Cast", node.inputs, (node.name,), to=_FLOAT)


def silu(node: Node, sheet: Sheet) -> None:
    """Mul with Sigmoid."""
    (x,) = node.inputs
    sheet.add("Mul", x, sheet.add("Sigmoid", x), to=node.name)


def hardsigmoid(node: Node, sheet: Sheet) -> None:
    """HardSigmoid of slope 1/6."""
    sheet.add("HardSigmoid", *node.inputs, to=node.name, **_HARD)


def hardswish(node: Node, sheet: Sheet) -> None:
    """Mul with HardSigmoid."""
    (x,) = node.inputs
    sheet.add("Mul", x, sheet.add("HardSigmoid", x, **_HARD), to=node.name)


def gelu(node: Node, sheet: Sheet) -> None:
    """Its parts, in the order that onnxruntime and OpenVINO know and make one step again."""
    (x,) = node.inputs
    if node.attributes["approximate"] == "tanh":
        cube = sheet.add("Mul", sheet.add("Pow", x, sheet.number(3)), sheet.number(0.044715))
        inner = sheet.add("Mul", sheet.add("Add", x, cube), sheet.number(math.sqrt(2 / math.pi)))
        share = sheet.add("Add", sheet.add("Tanh", inner), sheet.number(1))
        sheet.add("Mul", sheet.add("Mul", x, sheet.number(0.5)), share, to=node.name)
        return
    inner = sheet.add("Erf", sheet.add("Div", x, sheet.number(math.sqrt(2))))
    double = sheet.add("Mul", x, sheet.add("Add", inner, sheet.number(1)))
    sheet.add("Mul", double, sheet.number(0.5), to=node.name)


def clip(node: Node, sheet: Sheet) -> None:
    """Clip, an infinite bound left out."""
    bounds = (node.attributes["low"], node.attributes["high"])
    named = [sheet.number(bound) if is_finite(bound) else "" for bound in bounds]
    while named and not named[-1]:
        named.pop()
    sheet.add("Clip", *node.inputs, *named, to=node.name)
