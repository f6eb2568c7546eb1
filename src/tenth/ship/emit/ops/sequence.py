"""Attention and recurrent layers."""

from collections.abc import Sequence

from tenth.graph.dims import Size
from tenth.graph.program import Node
from tenth.ship.emit.forms import MOST_PIXELS, count
from tenth.ship.emit.steps import Call, Scene, row_strides, struct_call
from tenth.ship.emit.text import float_text

_FLOAT_BYTES, _ALIGNMENT = 4, 64
_MOST_COLUMNS, _ROWS = 32, 64
"""As in C: keys side by side, and rows of queries of a block, at most."""


def attention(node: Node, scene: Scene) -> Call:
    """`softmax(query key^T * scale + mask) value`, a few rows at a time."""
    if node.name in scene.heads:
        return _panel_attention(node, scene)
    query, key, value, *masks = node.inputs
    *batch, rows, depth = scene.shapes[query]
    columns, width = scene.shapes[key][-2], scene.shapes[value][-1]
    own = scene.shapes[masks[0]] if masks else ()
    whole = [1] * (len(batch) + 2 - len(own)) + list(own)
    strides = _stretched_strides(whole)
    floats = depth * _MOST_COLUMNS + (columns + _MOST_COLUMNS) * _ROWS
    scratch = scene.scratch(node)
    members = {
        "query": scene.read(query),
        "key": scene.read(key),
        "value": scene.read(value),
        "mask": scene.optional(node, 3),
        "y": scene.variables[node.name],
        "scratch": scratch,
        "rank": str(len(batch)),
        "sizes": scene.row(batch),
        "mask_strides": scene.row(strides[:-2]),
        "mask_row": scene.size(strides[-2]),
        "mask_column": scene.size(strides[-1]),
        "rows": scene.size(rows),
        "columns": scene.size(columns),
        "depth": scene.size(depth),
        "width": scene.size(width),
        "part": scene.size(_part(floats)),
        "scale": float_text(node.attributes["scale"]),
        "causal": str(int(node.attributes["causal"])),
    }
    return Call(
        struct_call("attention_sizes", members, "attention(pool, &s);"),
        ("attention",),
        worker_scratch=(scratch, _FLOAT_BYTES * floats),
    )


def _panel_attention(node: Node, scene: Scene) -> Call:
    """Attention over panels."""
    heads = scene.heads[node.name]
    images, count_, rows, depth = scene.shapes[node.inputs[0]]
    columns, width = scene.shapes[node.inputs[1]][2], scene.shapes[node.name][3]
    own = scene.shapes[heads.mask] if heads.mask is not None else ()
    strides = _stretched_strides([1] * (4 - len(own)) + list(own))
    names = ("mask_image", "mask_head", "mask_query", "mask_key")
    scratch = scene.scratch(node)
    bytes_ = _FLOAT_BYTES * columns * MOST_PIXELS
    members = {
        **{
            role: f"{scene.read(source.value)} + {source.first} * PANEL"
            for role, source in zip(("query", "key", "value"), heads.sources(), strict=True)
        },
        "mask": "NULL" if heads.mask is None else scene.read(heads.mask),
        "queries": _panels(scene, heads.query.value, rows),
        "keys": _panels(scene, heads.key.value, columns),
        "values": _panels(scene, heads.value.value, columns),
        "y": scene.variables[heads.end],
        "to": _panels(scene, heads.end, rows),
        "images": scene.size(images),
        "heads": scene.size(count_),
        "depth": scene.size(depth),
        "width": scene.size(width),
        **dict(zip(names, map(scene.size, strides), strict=True)),
        "scale": float_text(node.attributes["scale"]),
        "causal": str(int(node.attributes["causal"])),
        "scratch": f"(char *){scratch}",
        "scratch_step": f"({scene.size(bytes_)} + 63) / 64 * 64",
    }
    return Call(
        struct_call("heads", members, "panel_attention(pool, &s);"),
        ("panel_attention",),
        worker_scratch=(scratch, bytes_),
    )


def _panels(scene: Scene, name: str, pixels: Size) -> str:
    return f"{{PANELS, {scene.forms[name].channels}, {scene.size(pixels)}}}"


def recurrent(node: Node, scene: Scene) -> Call:
    """An LSTM or a GRU over all steps of a sequence, in one direction."""
    gates, *others = node.inputs
    weights = 1 if node.op == "lstm" else 2
    start, own = others[:-weights], others[-weights:]
    weight = scene.graph.constants[own[0]]
    width = weight.shape[1]
    shape, result = scene.shapes[gates], scene.shapes[node.name]
    time = node.attributes["time"]
    steps, y_steps = row_strides(shape), row_strides(result)
    floats = (6 if node.op == "lstm" else 4) * width
    scratch = scene.scratch(node)
    states = [scene.read(name) for name in start]
    members = {
        "gates": scene.read(gates),
        "weight": scene.weights.add(own[0], "turned", weight.T),
        "bias": scene.read(own[1]) if weights == 2 else "NULL",
        "start_h": states[0] if states else "NULL",
        "start_c": states[1] if len(states) > 1 else "NULL",
        "y": scene.variables[node.name],
        "scratch": scratch,
        "times": scene.size(shape[time]),
        "rows": scene.size(shape[1 - time]),
        "width": str(width),
        "time_step": scene.size(steps[time]),
        "row_step": scene.size(steps[1 - time]),
        "y_time": scene.size(y_steps[time]),
        "y_row": scene.size(y_steps[1 - time]),
        "part": scene.size(_part(floats)),
        "reverse": str(int(node.attributes["reverse"])),
        "states": str(int(node.attributes.get("states", False))),
    }
    return Call(
        struct_call("recurrent", members, f"{node.op}(pool, &s);"),
        (node.op,),
        worker_scratch=(scratch, _FLOAT_BYTES * floats),
    )


def _part(floats: Size) -> Size:
    """The floats from the scratch of one worker to that of the next."""
    line = _ALIGNMENT // _FLOAT_BYTES
    return (floats + line - 1) // line * line


def _stretched_strides(shape: Sequence[Size]) -> list[Size]:
    """How far apart neighbours lie along each axis; 0 where there is only one."""
    steps = row_strides(shape) if count(shape) != 0 else []
    return [0 if size == 1 else step for size, step in zip(shape, steps, strict=True)]
