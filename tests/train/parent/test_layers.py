import pytest
from torch import nn

from tenth.train.parent.layers import match

from .nets import Encoder, conv, gpt, mlp


def matched(net, parent, **worth):
    return match(net, parent, {f"layers.{name[1:]}": value for name, value in worth.items()})


CASES = {
    "the same": (mlp(6, 4, 3), mlp(6, 4, 3), {}, []),
    "wider": (mlp(6, 9, 9, 3), mlp(6, 4, 4, 3), {}, []),
    "a chain, deeper": (mlp(6, 4, 4, 4, 3), mlp(6, 4, 3), {"2": "2", "4": "2"}, []),
    "a chain, wider and deeper": (mlp(6, 9, 9, 3), mlp(6, 4, 3), {"2": "2"}, []),
    "a chain, shallower": (mlp(6, 4, 4, 3), mlp(6, 9, 9, 9, 3), {}, ["4"]),
    "pairs of a chain": (conv(7, 9, deeper=True), conv(4, 6), {"3": "0", "4": "1"}, []),
    "pairs left out": (conv(4, 6), conv(7, 9, deeper=True), {}, ["3", "4"]),
    "blocks": (
        Encoder(4, 2, 4),
        Encoder(4, 2, 2),
        {"layers.1": "layers.0", "layers.2": "layers.0"},
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_layers_match_in_order(case):
    net, parent, new, dropped = CASES[case]
    found = match(net, parent, {})
    assert set(found.new) == set(new)
    assert found.dropped == dropped
    states = net.state_dict(), parent.state_dict()
    for name, source in found.sources.items():
        assert states[0][name].ndim == states[1][source].ndim
    old = [name for name in states[0] if not name.startswith(tuple(f"{layer}." for layer in new))]
    assert set(old) <= set(found.sources)


def test_the_layers_that_do_least_are_left_out():
    net, parent = Encoder(4, 2, 2), Encoder(4, 2, 4)
    assert matched(net, parent, _0=0.1, _1=0.9, _2=0.2, _3=0.8).dropped == ["layers.0", "layers.2"]
    assert matched(net, parent, _0=0.9, _1=0.1, _2=0.8, _3=0.2).dropped == ["layers.1", "layers.3"]


def test_layers_of_another_kind_never_match():
    net = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    parent = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    found = match(net, parent, {})
    assert found.new == {"1": None}
    assert found.sources["2.weight"] == "1.weight"


def test_stacks_match_by_their_places():
    found = match(gpt(8, 2, 6), gpt(8, 2, 3), {})
    sources = [found.sources[f"transformer.h.{i}.ln_1.weight"] for i in range(6)]
    places = [int(name.split(".")[2]) for name in sources]
    assert places == sorted(places)
    assert set(places) == {0, 1, 2}
    assert (places[0], places[-1]) == (0, 2)
