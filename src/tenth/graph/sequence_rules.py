"""The shapes of attention and of recurrent layers, and of values as large as others."""

from collections.abc import Mapping, Sequence
from typing import Any

from tenth.graph.shape_checks import Shape, check, check_axis, show


def attention(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Queries [..., L, D], keys [..., S, D] and values [..., S, E] to [..., L, E].

    The mask stretches to [..., L, S].
    """
    query, key, value, *masks = shapes
    check(len(query) >= 2, "the rank of the query", "2 or more", len(query))
    alike = len(query) == len(key) == len(value) and query[:-2] == key[:-2] == value[:-2]
    check(alike, "the leading axes", f"those of the query, {show(query)}", show(key))
    check(key[-1] == query[-1], "the last axis of the key", query[-1], key[-1])
    check(value[-2] == key[-2], "the length of the value", f"that of the key, {key[-2]}", value[-2])
    whole = (*query[:-1], key[-2])
    for mask in masks:
        pairs = zip(reversed(mask), reversed(whole), strict=False)
        fits = len(mask) <= len(whole) and all(one in (1, size) for one, size in pairs)
        check(fits, "the mask", f"one that stretches to {show(whole)}", show(mask))
    return (*query[:-1], value[-1])


def lstm(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Gates [T, N, 4 H] or [N, T, 4 H] to outputs [..., H], or with states [..., 2 H]."""
    gates, *states, weight = shapes
    check(len(states) in (0, 2), "the states at the start", "both or none", f"{len(states)}")
    width = _recurrent(gates, states, weight, gates=4)
    return (*gates[:2], 2 * width if attributes["states"] else width)


def gru(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Gates [T, N, 3 H] or [N, T, 3 H] to outputs [..., H]."""
    gates, *states, weight, bias = shapes
    width = _recurrent(gates, states, weight, gates=3)
    check(bias == (width,), "the shape of the bias", show((width,)), show(bias))
    return (*gates[:2], width)


def _recurrent(gate: Shape, states: Sequence[Shape], weight: Shape, *, gates: int) -> int:
    """The width H of a layer with a weight [gates * H, H]; the states are [N, H]."""
    check(len(weight) == 2, "the rank of the weight", 2, len(weight))
    width = weight[1]
    assert isinstance(width, int)  # a weight is a constant
    check(weight[0] == gates * width, "the rows of the weight", gates * width, weight[0])
    check(len(gate) == 3, "the rank of the gates", 3, len(gate))
    check(gate[2] == gates * width, "the last axis of the gates", gates * width, gate[2])
    for state in states:
        fits = len(state) == 2 and state[0] in gate[:2] and state[1] == width
        check(fits, "a state at the start", f"[batch, {width}]", show(state))
    return width


def fit(shapes: Sequence[Shape], attributes: Mapping[str, Any]) -> Shape:
    """Some axes of x get the sizes of axes of another value."""
    x, like = shapes
    axes, places = attributes["axes"], attributes["places"]
    check(len(axes) == len(places), "places", f"{len(axes)} long, one an axis", places)
    check_axis(axes[-1], x)
    check_axis(max(places), like)
    sizes = dict(zip(axes, (like[place] for place in places), strict=True))
    for axis, size in sizes.items():
        have = x[axis]
        check(isinstance(have, int), f"axis {axis} of x", "a fixed size", have)
        fits = have == 1 or not isinstance(size, int) or size <= have
        check(fits, f"axis {axis}", f"{have} or less", size)
    return tuple(sizes.get(axis, size) for axis, size in enumerate(x))
