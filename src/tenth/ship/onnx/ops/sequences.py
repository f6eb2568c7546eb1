"""Attention and recurrent layers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tenth.graph.program import Graph, Node
from tenth.ship.onnx.sheet import Body, Sheet

_LSTM, _GRU = (0, 3, 1, 2), (1, 0, 2)
"""Where ONNX wants each gate: i, o, f, c of i, f, g, o; z, r, h of r, z, n."""


def attention(node: Node, sheet: Sheet) -> None:
    """MatMul, Softmax, MatMul, with Add for the mask and for what a causal row must not see."""
    query, key, value, *mask = node.inputs
    rank = len(sheet.shape(query))
    order = (*range(rank - 2), rank - 1, rank - 2)
    scores = sheet.add("MatMul", query, sheet.add("Transpose", key, perm=order))
    scores = sheet.add("Mul", scores, sheet.number(node.attributes["scale"]))
    for one in mask:
        scores = sheet.add("Add", scores, one)
    if node.attributes["causal"]:
        scores = sheet.add("Add", scores, _later(sheet, query, key))
    sheet.add("MatMul", sheet.add("Softmax", scores, axis=-1), value, to=node.name)


def lstm(node: Node, sheet: Sheet) -> None:
    """LSTM; where the states of every step are asked for, which it does not give, Scan."""
    gates, *states, weight = node.inputs
    if node.attributes["states"]:
        _scanned(node, sheet)
        return
    turned = sheet.constant(_ordered(sheet.graph.constants[weight], _LSTM)[None])
    x, own, bias = _read(sheet, gates, _LSTM)
    vector = np.concatenate([bias, np.zeros_like(bias)])[None]
    start = [sheet.add("Unsqueeze", state, sheet.integers(0)) for state in states]
    inputs = (own, turned, sheet.constant(vector), "", *start)
    _over_time(node, sheet, "LSTM", x, inputs)


def gru(node: Node, sheet: Sheet) -> None:
    """GRU with the reset gate behind the recurrent product."""
    gates, *states, weight, bias = node.inputs
    turned = sheet.constant(_ordered(sheet.graph.constants[weight], _GRU)[None])
    x, own, given = _read(sheet, gates, _GRU)
    last = sheet.graph.constants[bias]
    vector = np.concatenate([given, np.zeros(2 * len(last), np.float32), last])[None]
    start = [sheet.add("Unsqueeze", state, sheet.integers(0)) for state in states]
    inputs = (own, turned, sheet.constant(vector), "", *start)
    _over_time(node, sheet, "GRU", x, inputs, linear_before_reset=1)


def gates(graph: Graph) -> dict[str, Node]:
    """The linear layers that a recurrent layer alone reads, as its gates, and that ONNX gives it.

    One whose states are all asked for is a loop, which has no weight for its input.
    """
    readers: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    return {
        node.name: node
        for node in graph.nodes
        if node.op == "linear" and node.name not in graph.outputs
        for reader in readers.get(node.name, [])
        if len(readers[node.name]) == 1
        and reader.op in ("lstm", "gru")
        and reader.inputs[0] == node.name
        and not reader.attributes.get("states")
    }


def _later(sheet: Sheet, query: str, key: str) -> str:
    """Minus infinity where the key comes after the row, else 0."""
    rows, columns = sheet.shape(query)[-2], sheet.shape(key)[-2]
    if isinstance(rows, int) and isinstance(columns, int):
        visible = np.tril(np.ones((rows, columns), bool))
        return sheet.constant(np.where(visible, np.float32(0), np.float32(-np.inf)))
    places = [_places(sheet, name) for name in (query, key)]
    row = sheet.add("Unsqueeze", places[0], sheet.integers(1))
    after = sheet.add("Less", row, places[1])
    return sheet.add("Where", after, sheet.number(-np.inf), sheet.number(0))


def _places(sheet: Sheet, name: str) -> str:
    """0, 1, 2, … as far as the last axis but one of a value goes."""
    size = sheet.size(name, len(sheet.shape(name)) - 2)
    end = sheet.add("Squeeze", size, sheet.integers(0))
    return sheet.add("Range", sheet.constant(np.array(0)), end, sheet.constant(np.array(1)))


def _ordered(array: np.ndarray, order: Sequence[int]) -> np.ndarray:
    parts = np.split(array, len(order))
    return np.concatenate([parts[i] for i in order])


def _read(sheet: Sheet, gates: str, order: Sequence[int]) -> tuple[str, str, np.ndarray]:
    """What a recurrent layer reads, the weight for that, and the bias."""
    linear = sheet.gates.get(gates)
    if linear is None:
        (size,) = {sheet.shape(gates)[2]}
        assert isinstance(size, int)  # it is a multiple of the width of the weight
        return gates, _weight(sheet, np.eye(size, dtype=np.float32), order), np.zeros(size, "f4")
    x, weight, *bias = linear.inputs
    array = sheet.graph.constants[weight]
    vector = sheet.graph.constants[bias[0]] if bias else np.zeros(len(array), np.float32)
    return x, _weight(sheet, array, order), _ordered(vector, order)


def _weight(sheet: Sheet, array: np.ndarray, order: Sequence[int]) -> str:
    return sheet.constant(_ordered(array, order)[None])


def _over_time(
    node: Node, sheet: Sheet, op: str, x: str, inputs: Sequence[str], **more: Any
) -> None:
    """A recurrent node, time in front as it wants it, its only direction taken off."""
    time, reverse = node.attributes["time"], node.attributes["reverse"]
    if time:
        x = sheet.add("Transpose", x, perm=(1, 0, 2))
    width = sheet.shape(node.name)[2]
    direction = "reverse" if reverse else "forward"
    y = sheet.add(op, x, *inputs, hidden_size=width, direction=direction, **more)
    if not time:
        sheet.add("Squeeze", y, sheet.integers(1), to=node.name)
        return
    y = sheet.add("Squeeze", y, sheet.integers(1))
    sheet.add("Transpose", y, to=node.name, perm=(1, 0, 2))


def _scanned(node: Node, sheet: Sheet) -> None:
    gates, *states, weight = node.inputs
    time, reverse = node.attributes["time"], int(node.attributes["reverse"])
    width = sheet.graph.constants[weight].shape[1]
    if not states:
        shape = sheet.row(sheet.size(gates, 1 - time), width)
        states = [sheet.add("ConstantOfShape", shape)] * 2
    turned = sheet.constant(sheet.graph.constants[weight].T)
    how: Mapping[str, Any] = {
        "num_scan_inputs": 1,
        "scan_input_axes": (time,),
        "scan_output_axes": (time,),
        "scan_input_directions": (reverse,),
        "scan_output_directions": (reverse,),
    }
    outputs = (sheet.fresh(), sheet.fresh(), node.name)
    sheet.add_many("Scan", (*states, gates), outputs, body=_lstm_body(sheet, turned), **how)


def _lstm_body(sheet: Sheet, weight: str) -> Body:
    """One step of an LSTM, from h, c and the gates to h, c and both side by side."""
    outer, sheet.steps = sheet.steps, []
    h, c, gate = (sheet.fresh() for _ in range(3))
    whole = sheet.add("Add", gate, sheet.add("MatMul", h, weight))
    parts = tuple(sheet.fresh() for _ in range(4))
    sheet.add_many("Split", (whole,), parts, axis=1)
    i, f, o = (sheet.add("Sigmoid", parts[k]) for k in (0, 1, 3))
    kept = sheet.add("Mul", f, c)
    after = sheet.add("Add", kept, sheet.add("Mul", i, sheet.add("Tanh", parts[2])))
    shown = sheet.add("Mul", o, sheet.add("Tanh", after))
    both = sheet.add("Concat", shown, after, axis=1)
    body = Body((h, c, gate), tuple(sheet.steps), (shown, after, both))
    sheet.steps = outer
    return body
