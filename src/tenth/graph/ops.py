"""The grammar of nodes: what each op reads, and which attributes it must carry.

To add an op: a row here, a rule in `shapes`, a function in `interpret`, a row in `count`, its
emitter in `tenth.ship`, and its line in the docstring of `program`. A test holds the tables equal.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rule:
    """What an attribute must be, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class Op:
    """A kind of node: how many values it reads, and its attributes.

    All it reads from position `constants` on is a constant of the graph; a negative position counts
    from the end. At the positions `ids` it reads whole numbers that are an input of the graph; of
    what it reads at the positions `sized` only the sizes matter, so that may be either.
    """

    least: int
    most: float
    attributes: Mapping[str, Rule] = field(default_factory=dict)
    constants: float = math.inf
    ids: tuple[int, ...] = ()
    sized: tuple[int, ...] = ()


def _is_integer(value: Any, least: float) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _are_integers(value: Any, least: float) -> bool:
    return isinstance(value, tuple) and all(_is_integer(v, least) for v in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


_INTEGER = Rule("an integer", lambda v: _is_integer(v, -math.inf))
_INDEX = Rule("an integer, 0 or more", lambda v: _is_integer(v, 0))
_COUNT = Rule("an integer, 1 or more", lambda v: _is_integer(v, 1))
_INDICES = Rule("a tuple of integers, each 0 or more", lambda v: _are_integers(v, 0))
_COUNTS = Rule("a tuple of integers, each 1 or more", lambda v: _are_integers(v, 1))
_SIZES = Rule("a tuple of integers, each -1 or more", lambda v: _are_integers(v, -1))
_AXES = Rule(
    "a rising tuple of axes",
    lambda v: _are_integers(v, 0) and len(v) > 0 and list(v) == sorted(set(v)),
)
_FLAG = Rule("True or False", lambda v: isinstance(v, bool))
_NUMBER = Rule("a number", _is_number)
_POSITIVE = Rule("a number above 0", lambda v: _is_number(v) and 0 < v < math.inf)
_CURVE = Rule("'none' or 'tanh'", lambda v: v in ("none", "tanh"))
_MODE = Rule("'zeros' or 'circular'", lambda v: v in ("zeros", "circular"))
_INTERPOLATION = Rule("'nearest' or 'linear'", lambda v: v in ("nearest", "linear"))
_TIME = Rule("0 or 1", lambda v: _is_integer(v, 0) and v < 2)

_WINDOW = {"kernel": _COUNTS, "stride": _COUNTS, "padding": _INDICES, "ceil": _FLAG}

OPS: Mapping[str, Op] = {
    "linear": Op(2, 3, constants=1),
    "conv": Op(
        2,
        3,
        {"stride": _COUNTS, "padding": _INDICES, "dilation": _COUNTS, "groups": _COUNT},
        constants=1,
    ),
    "channel_affine": Op(3, 3, constants=1),
    "embedding": Op(2, 2, constants=1, ids=(0,)),
    "layer_norm": Op(1, 3, {"axes": _COUNT, "epsilon": _POSITIVE}, constants=1),
    "group_norm": Op(1, 3, {"groups": _COUNT, "epsilon": _POSITIVE}, constants=1),
    "softmax": Op(1, 1, {"axis": _INDEX}),
    "log_softmax": Op(1, 1, {"axis": _INDEX}),
    "relu": Op(1, 1),
    "sigmoid": Op(1, 1),
    "tanh": Op(1, 1),
    "silu": Op(1, 1),
    "hardswish": Op(1, 1),
    "hardsigmoid": Op(1, 1),
    "gelu": Op(1, 1, {"approximate": _CURVE}),
    "softplus": Op(1, 1),
    "exp": Op(1, 1),
    "sqrt": Op(1, 1),
    "clip": Op(1, 1, {"low": _NUMBER, "high": _NUMBER}),
    "add": Op(2, 2),
    "sub": Op(2, 2),
    "mul": Op(2, 2),
    "div": Op(2, 2),
    "equal": Op(2, 2),
    "less": Op(2, 2),
    "prelu": Op(2, 2, constants=1),
    "cast": Op(1, 1, ids=(0,)),
    "concat": Op(1, math.inf, {"axis": _INDEX}),
    "slice": Op(1, 1, {"axis": _INDEX, "start": _INTEGER, "stop": _INTEGER, "step": _COUNT}),
    "fit": Op(2, 2, {"axes": _AXES, "places": _INDICES}, sized=(1,)),
    "pad": Op(1, 1, {"before": _INDICES, "after": _INDICES, "mode": _MODE}),
    "max_pool": Op(1, 1, {**_WINDOW, "dilation": _COUNTS}),
    "avg_pool": Op(1, 1, {**_WINDOW, "count_padding": _FLAG}),
    "adaptive_avg_pool": Op(1, 1, {"size": _COUNTS}),
    "adaptive_max_pool": Op(1, 1, {"size": _COUNTS}),
    "resize": Op(1, 1, {"up": _COUNTS, "down": _COUNTS, "mode": _INTERPOLATION, "corners": _FLAG}),
    "depth_to_space": Op(1, 1, {"block": _COUNTS}),
    "reshape": Op(1, 1, {"shape": _SIZES}),
    "transpose": Op(1, 1, {"order": _INDICES}),
    "mean": Op(1, 1, {"axes": _AXES, "keep": _FLAG}),
    "sum": Op(1, 1, {"axes": _AXES, "keep": _FLAG}),
    "max": Op(1, 1, {"axes": _AXES, "keep": _FLAG}),
    "matmul": Op(2, 2),
    "attention": Op(3, 4, {"scale": _NUMBER, "causal": _FLAG}),
    "lstm": Op(2, 4, {"time": _TIME, "reverse": _FLAG, "states": _FLAG}, constants=-1),
    "gru": Op(3, 4, {"time": _TIME, "reverse": _FLAG}, constants=-2),
}
