"""Which function writes the call of each op. To add an op, write one and add its row here."""

from collections.abc import Callable, Mapping

from tenth.graph.program import Node
from tenth.ship.emit.ops import arrange, layers, pointwise, reduce
from tenth.ship.emit.steps import Call, Scene

CALLS: Mapping[str, Callable[[Node, Scene], Call]] = {
    "linear": layers.linear,
    "conv": layers.conv,
    "channel_affine": pointwise.channel_affine,
    "embedding": layers.embedding,
    "layer_norm": reduce.layer_norm,
    "softmax": reduce.softmax,
    "relu": pointwise.clip,
    "sigmoid": pointwise.curve,
    "tanh": pointwise.curve,
    "silu": pointwise.curve,
    "hardswish": pointwise.curve,
    "hardsigmoid": pointwise.curve,
    "gelu": pointwise.curve,
    "clip": pointwise.clip,
    "add": pointwise.pair,
    "sub": pointwise.pair,
    "mul": pointwise.pair,
    "concat": arrange.concat,
    "slice": arrange.slice_,
    "pad": arrange.pad,
    "max_pool": reduce.pool,
    "avg_pool": reduce.pool,
    "adaptive_avg_pool": reduce.adaptive_pool,
    "adaptive_max_pool": reduce.adaptive_pool,
    "reshape": arrange.reshape,
    "transpose": arrange.transpose,
    "mean": reduce.mean,
    "matmul": reduce.matmul,
}
