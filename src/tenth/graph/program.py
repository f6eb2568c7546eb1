"""A program as a graph: inputs, nodes in the order they run, constants, outputs.

Every value has a name. A node reads values (activations first, then weights, which are names in
`constants`) and writes one value, named as the node. What the ops mean, with their attributes:

    op                 reads                    attributes
    linear             x, weight[, bias]        x [..., I] by weight [O, I]
    conv               x, weight[, bias]        stride, padding, dilation (one int an axis), groups;
                                                x [N, C, *space], space of 1 or 2 axes
    channel_affine     x, scale, shift          per channel of axis 1 (BatchNorm not folded away)
    embedding          ids, weight
    layer_norm         x[, weight, bias]        axes (how many trailing axes), epsilon
    softmax            x                        axis
    relu sigmoid tanh silu hardswish hardsigmoid x
    gelu               x                        approximate ("none" or "tanh")
    clip               x                        low, high (either may be infinite)
    add sub mul        a, b                     broadcast as numpy does
    concat             a, b, …                  axis
    slice              x                        axis, start, stop (0 or less counts from the end)
    pad                x                        before, after (one int an axis of x),
                                                mode ("zeros" or "circular")
    max_pool           x                        kernel, stride, padding, dilation, ceil
    avg_pool           x                        kernel, stride, padding, ceil, count_padding
    adaptive_avg_pool  x                        size (one int an axis)
    adaptive_max_pool  x                        size
    reshape            x                        shape: int, 0 = as the input's axis, -1 = the rest
    transpose          x                        order
    mean               x                        axes, keep
    matmul             a, b                     batched

Values are float32, except ids of `embedding`, which are int64 inputs of the graph. A constant is
float32 and never changes; a pruned weight is a zero in it. An axis is counted from the front, from
0. A name is a C identifier. Each output is the name of a node, and no node is an output twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tenth.graph.dims import Size


@dataclass(frozen=True)
class Value:
    """An input of a program: name, shape (`int`, or `Dim` where the size is free), dtype."""

    name: str
    shape: tuple[Size, ...]
    dtype: str = "float32"


@dataclass(frozen=True)
class Node:
    """One operation. `path` is the module it came from, for messages."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""


@dataclass(frozen=True)
class Graph:
    """A program. Build one with `tenth.graph.capture`, check it with `tenth.graph.verify`."""

    inputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)
