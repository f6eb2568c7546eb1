"""Ops that bring many elements together: pools, softmax, means and sums."""

from collections.abc import Sequence

from tenth.graph.program import Node
from tenth.ship.onnx.sheet import Sheet

_POOLS = {"max_pool": "MaxPool", "avg_pool": "AveragePool"}
_WHOLE = {"adaptive_max_pool": "GlobalMaxPool", "adaptive_avg_pool": "GlobalAveragePool"}
_PARTS = {"adaptive_max_pool": "ReduceMax", "adaptive_avg_pool": "ReduceMean"}


def pool(node: Node, sheet: Sheet) -> None:
    """MaxPool or AveragePool."""
    have = node.attributes
    if node.op == "avg_pool":
        more = {"count_include_pad": int(have["count_padding"])}
    else:
        more = {"dilations": have["dilation"]}
    sheet.add(
        _POOLS[node.op],
        *node.inputs,
        to=node.name,
        kernel_shape=have["kernel"],
        strides=have["stride"],
        pads=have["padding"] * 2,
        ceil_mode=int(have["ceil"]),
        **more,
    )


def adaptive_pool(node: Node, sheet: Sheet) -> None:
    """GlobalMaxPool or GlobalAveragePool; where there are more windows, each axis in slices."""
    size: Sequence[int] = node.attributes["size"]
    (x,) = node.inputs
    if set(size) == {1}:
        sheet.add(_WHOLE[node.op], x, to=node.name)
        return
    for axis, outputs in enumerate(size, start=2):
        bounds = _bounds(sheet, node.inputs[0], axis, outputs)
        kept = "" if axis < len(size) + 1 else node.name
        over = {"axes": (axis,), "keepdims": 1}
        if outputs == 1:
            x = sheet.add(_PARTS[node.op], x, to=kept, **over)
            continue
        parts = [
            sheet.add(_PARTS[node.op], sheet.add("Slice", x, *bound, sheet.integers(axis)), **over)
            for bound in bounds
        ]
        x = sheet.add("Concat", *parts, to=kept, axis=axis)


def softmax(node: Node, sheet: Sheet) -> None:
    """Softmax or LogSoftmax."""
    name = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}[node.op]
    sheet.add(name, *node.inputs, to=node.name, axis=node.attributes["axis"])


def over(node: Node, sheet: Sheet) -> None:
    """ReduceMean, ReduceSum or ReduceMax."""
    axes, keep = node.attributes["axes"], int(node.attributes["keep"])
    if node.op == "sum":  # the only one of them that reads its axes
        rows = sheet.integers(*axes)
        sheet.add("ReduceSum", *node.inputs, rows, to=node.name, keepdims=keep)
        return
    name = {"mean": "ReduceMean", "max": "ReduceMax"}[node.op]
    sheet.add(name, *node.inputs, to=node.name, axes=axes, keepdims=keep)


def _bounds(sheet: Sheet, x: str, axis: int, outputs: int) -> list[tuple[str, str]]:
    """Where the windows of an axis start and stop; see `tenth.graph.functions`."""
    size = sheet.shape(x)[axis]
    if isinstance(size, int):
        return [
            (
                sheet.integers(i * size // outputs),
                sheet.integers(-(-(i + 1) * size // outputs)),
            )
            for i in range(outputs)
        ]
    whole = sheet.size(x, axis)
    share = sheet.integers(outputs)
    starts = [
        sheet.add("Div", sheet.add("Mul", whole, sheet.integers(i)), share) for i in range(outputs)
    ]
    stops = [
        sheet.add(
            "Div",
            sheet.add(
                "Add", sheet.add("Mul", whole, sheet.integers(i + 1)), sheet.integers(outputs - 1)
            ),
            share,
        )
        for i in range(outputs)
    ]
    return list(zip(starts, stops, strict=True))
