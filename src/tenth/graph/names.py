"""Naming values after the modules they come from, so that people and C compilers can read them."""

import re
from collections.abc import Set
from dataclasses import replace

from tenth.graph.program import Graph, Node

_KEYWORD = re.compile(
    "auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|"
    "inline|int|long|main|register|restrict|return|short|signed|sizeof|static|struct|switch|"
    "typedef|union|unsigned|void|volatile|while"
)
_ROLES = {
    "linear": ("", "weight", "bias"),
    "conv": ("", "weight", "bias"),
    "channel_affine": ("", "scale", "shift"),
    "embedding": ("", "weight"),
    "layer_norm": ("", "weight", "bias"),
    "group_norm": ("", "weight", "bias"),
    "prelu": ("", "slope"),
}


def named(graph: Graph, leaves: Set[str] = frozenset()) -> Graph:
    """The graph with readable names, the same on each run.

    A node is called after its module's path: alone if the path is one of `leaves`, with its op
    otherwise (`block_0_conv`, `block_0_add`). A constant is called after its first reader.
    """
    taken = {str(size) for value in graph.inputs for size in value.shape}
    names: dict[str, str] = {}
    for value in graph.inputs:
        names[value.name] = _fresh(identifier(value.name), taken)
    for node, following in zip(graph.nodes, [*graph.nodes[1:], None], strict=True):
        last = following is None or following.path != node.path
        names[node.name] = _fresh(_wish(node, last and node.path in leaves), taken)
    for node in graph.nodes:
        for position, name in enumerate(node.inputs):
            if name not in names:
                role = dict(enumerate(_ROLES.get(node.op, ()))).get(position, "value")
                names[name] = _fresh(f"{names[node.name]}_{role}", taken)
    return Graph(
        inputs=tuple(replace(value, name=names[value.name]) for value in graph.inputs),
        nodes=tuple(
            replace(node, name=names[node.name], inputs=tuple(names[name] for name in node.inputs))
            for node in graph.nodes
        ),
        outputs=tuple(names[name] for name in graph.outputs),
        constants={names[name]: array for name, array in graph.constants.items() if name in names},
    )


def identifier(path: str) -> str:
    """A path as a C identifier: `block.0.relu` is `block_0_relu`, `0` is `layer_0`."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", path)
    if not name[:1].isalpha():
        name = f"layer_{name.lstrip('_')}"
    return f"{name}_" if _KEYWORD.fullmatch(name) else name


def _wish(node: Node, alone: bool) -> str:
    if not node.path:
        return node.op
    return identifier(node.path) if alone else f"{identifier(node.path)}_{node.op}"


def _fresh(wish: str, taken: set[str]) -> str:
    name, number = wish, 0
    while name in taken:
        number += 1
        name = f"{wish}_{number}"
    taken.add(name)
    return name
