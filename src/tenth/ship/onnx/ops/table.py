"""Which function writes each op in ONNX. To add an op, write one and add its row here."""

from collections.abc import Callable, Mapping

from tenth.graph.program import Node
from tenth.ship.onnx.ops import arrange, layers, pointwise, reduce
from tenth.ship.onnx.sheet import Sheet

WRITERS: Mapping[str, Callable[[Node, Sheet], None]] = {
    "linear": layers.linear,
    "conv": layers.conv,
    "channel_affine": layers.channel_affine,
    "embedding": layers.embedding,
    "layer_norm": layers.layer_norm,
    "softmax": reduce.softmax,
    "relu": pointwise.same,
    "sigmoid": pointwise.same,
    "tanh": pointwise.same,
    "silu": pointwise.silu,
    "hardswish": pointwise.hardswish,
    "hardsigmoid": pointwise.hardsigmoid,
    "gelu": pointwise.gelu,
    "clip": pointwise.clip,
    "add": pointwise.same,
    "sub": pointwise.same,
    "mul": pointwise.same,
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
    "matmul": pointwise.same,
}
