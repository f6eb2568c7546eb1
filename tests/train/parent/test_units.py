from collections import Counter

import numpy as np
import pytest
import torch

from tenth.train.parent.follow import follow
from tenth.train.parent.units import families, origins

from .nets import POINTS, Attention, drawn, mlp


def traced(net, given=POINTS):
    torch.manual_seed(0)
    net = drawn(net)
    return net, follow(net, lambda net: net(given))


def same_names(net):
    return {name: name for name in net.state_dict()}


def test_a_family_is_made_of_units_on_the_same_axes():
    _, trace = traced(mlp(6, 4, 3))
    kinds = {frozenset(f.signature): len(f.units) for f in families(trace)}
    assert kinds == {
        frozenset({("0.weight", 1, 1)}): 6,
        frozenset({("0.weight", 0, 1), ("0.bias", 0, 1), ("2.weight", 1, 1)}): 4,
        frozenset({("2.weight", 0, 1), ("2.bias", 0, 1)}): 3,
    }


def places(trace, origin, parent, axis):
    """The parent's place of each place on an axis."""
    theirs = parent.axes[axis].tolist()
    return [theirs.index(origin.unit[unit][0]) for unit in trace.axes[axis].tolist()]


def test_more_units_take_turns_and_share():
    net, ours = traced(mlp(6, 10, 3))
    _, theirs = traced(mlp(6, 4, 3))
    origin = origins(ours, theirs, same_names(net), seed=0)
    taken = places(ours, origin, theirs, ("0.weight", 0))
    assert taken == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    shares = Counter()
    for unit, place in zip(ours.axes["0.weight", 0].tolist(), taken, strict=True):
        shares[place] += origin.share[unit]
    assert shares == pytest.approx({0: 1, 1: 1, 2: 1, 3: 1})
    assert len({origin.share[u] for u in ours.axes["0.weight", 0].tolist()}) == 10
    other = origins(ours, theirs, same_names(net), seed=1)
    assert other.unit == origin.unit
    assert other.share != origin.share


def test_fewer_units_are_the_most_important_in_their_order():
    net, ours = traced(mlp(6, 4, 3))
    _, theirs = traced(mlp(6, 10, 3))
    origin = origins(ours, theirs, same_names(net), seed=0)
    taken = places(ours, origin, theirs, ("0.weight", 0))
    worth = theirs.importance[theirs.axes["0.weight", 0]]
    assert taken == sorted(np.argsort(-worth)[:4])
    assert set(origin.share.values()) == {1.0}


def test_heads_are_taken_whole():
    given = torch.randn(2, 4, 5).double()
    net, ours = traced(Attention(5, 2), given)
    _, theirs = traced(Attention(2, 2), given)
    origin = origins(ours, theirs, same_names(net), seed=0)
    for name in ("query.weight", "value.weight"):
        taken = places(ours, origin, theirs, (name, 0))
        assert taken == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]


def test_inputs_and_classes_are_the_tasks_own():
    net, ours = traced(mlp(6, 4, 5))
    _, theirs = traced(mlp(6, 4, 3))
    origin = origins(ours, theirs, same_names(net), seed=0)
    assert origin.own == {("2.weight", 0), ("2.bias", 0)}
