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
    group_norm         x[, weight, bias]        groups (of the channels of axis 1), epsilon
    softmax log_softmax x                       axis
    relu sigmoid tanh silu hardswish hardsigmoid softplus exp sqrt x
    gelu               x                        approximate ("none" or "tanh")
    clip               x                        low, high (either may be infinite)
    add sub mul div    a, b                     broadcast as numpy does
    equal less         a, b                     1 where a = b, or a < b; 0 elsewhere
    prelu              x, slope                 x where it is above 0, x * slope elsewhere
    cast               ids                      whole numbers as float32
    concat             a, b, …                  axis
    slice              x                        axis, start (below 0 counts from the end),
                                                stop (0 or less counts from the end), step
    fit                x, like                  axes, places: each of the axes of x is cut to, or if
                                                its size is 1 stretched to, the size that `like` has
                                                along the place
    pad                x                        before, after (one int an axis of x),
                                                mode ("zeros" or "circular")
    max_pool           x                        kernel, stride, padding, dilation, ceil
    avg_pool           x                        kernel, stride, padding, ceil, count_padding
    adaptive_avg_pool  x                        size (one int an axis)
    adaptive_max_pool  x                        size
    resize             x                        up, down (one int an axis: size * up // down),
                                                mode ("nearest" or "linear"), corners (the outer
                                                pixels stay where they are)
    depth_to_space     x                        block (one int an axis): channel c * prod(block) + i
                                                to place i of each block of channel c
    reshape            x                        shape: int, 0 = as the input's axis, -1 = the rest
    transpose          x                        order
    mean sum max       x                        axes, keep
    matmul             a, b                     batched
    attention          query, key, value[, mask] scale, causal: softmax(q k^T * scale + mask) v;
                                                if causal, row r meets the keys up to r only;
                                                a row with all scores below -1e29 gives zeros
    lstm               gates[, h, c], weight    time (the axis: 0 in [T, N, 4 H], 1 in [N, T, 4 H]),
                                                reverse (the last comes first), states (the result
                                                is h and c side by side); gates i, f, g, o are what
                                                a linear layer makes of the input, biases included
    gru                gates[, h], weight, bias time, reverse; gates r, z, n; the bias is that of n
                                                in the recurrent product

Values are float32, except ids of `embedding` and `cast`, which are int64 inputs of the graph; a
truth is 1 or 0. A constant is float32 and never changes; a pruned weight is a zero in it. An axis
is counted from the front, from 0. A name is a C identifier. Each output is the name of a node, and
no node is an output twice.
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
