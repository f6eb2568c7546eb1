"""Which layer of a parent each layer of another net comes from.

Parts of equal names match. In a list of layers (`nn.Sequential`, `nn.ModuleList`) the order
decides: as many as possible match, like with like, so that the sizes change least, and evenly
spread. What is left over in the larger list is a new layer, or one that is left out.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn

_LEFT_OVER = 1.0  # cost of a layer that nothing matches
_RESIZED = 0.05  # cost of a size that doubles; a change alone costs two
_AWAY = 1e-3  # cost of standing at the other end of the list
_WORTH = 1e-1  # cost of leaving out the layer that does most


@dataclass
class Match:
    """Where each tensor comes from.

    Attributes:
        sources: the name in the parent's state, by the name in the net's; new ones are not there.
        new: layers that the parent lacks, by name; each with the parent's nearest layer that is
            built alike, if there is one.
        dropped: layers of the parent that the net lacks.
    """

    sources: dict[str, str] = field(default_factory=dict)
    new: dict[str, str | None] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)


def match(net: nn.Module, parent: nn.Module, worth: Mapping[str, float]) -> Match:
    """Match two nets.

    Args:
        worth: how much some layers of the parent do, from 0 to 1: where one must go, the least.
    """
    found = Match()
    _pair(net, parent, "", "", worth, found)
    return found


def _pair(
    net: nn.Module, parent: nn.Module, ours: str, theirs: str, worth: Mapping[str, float], to: Match
) -> None:
    held = _own(parent)
    for name in _own(net):
        if name in held:
            to.sources[ours + name] = theirs + name
    if isinstance(net, nn.Sequential | nn.ModuleList) and type(net) is type(parent):
        _pair_lists(net, parent, ours, theirs, worth, to)
        return
    children = dict(parent.named_children())
    for name, child in net.named_children():
        if name in children:
            _pair(child, children[name], f"{ours}{name}.", f"{theirs}{name}.", worth, to)


def _pair_lists(
    net: nn.Module, parent: nn.Module, ours: str, theirs: str, worth: Mapping[str, float], to: Match
) -> None:
    mine = [(name, child) for name, child in net.named_children() if child.state_dict()]
    others = [(name, child) for name, child in parent.named_children() if child.state_dict()]
    values = [worth.get(theirs + name, 1.0) for name, _ in others]
    places = _aligned([c for _, c in mine], [c for _, c in others], values)
    used = {place for place in places if place is not None}
    to.dropped += [theirs + name for i, (name, _) in enumerate(others) if i not in used]
    last = 0
    for (name, child), place in zip(mine, places, strict=True):
        if place is not None:
            other, last = others[place], place
            _pair(child, other[1], f"{ours}{name}.", f"{theirs}{other[0]}.", worth, to)
            continue
        near = [*reversed(others[: last + 1]), *others[last + 1 :]]
        alike = next((o for o in near if _alike(child, o[1])), None)
        to.new[ours + name] = theirs + alike[0] if alike else None
        if alike is not None:
            _pair(child, alike[1], f"{ours}{name}.", f"{theirs}{alike[0]}.", worth, to)


def _aligned(
    mine: list[nn.Module], others: list[nn.Module], worth: list[float]
) -> list[int | None]:
    """For each of mine the place of the other that it matches, in order, at the least cost."""
    rows, columns = len(mine) + 1, len(others) + 1
    best: list[list[tuple[float, str]]] = [[(0.0, "")] * columns for _ in range(rows)]
    for i in range(rows):
        for j in range(columns):
            ways = []
            if i:
                ways.append((best[i - 1][j][0] + _LEFT_OVER, "new"))
            if j:
                ways.append((best[i][j - 1][0] + _LEFT_OVER + _WORTH * worth[j - 1], "dropped"))
            if i and j and _alike(mine[i - 1], others[j - 1]):
                away = abs((i - 1) / max(1, rows - 2) - (j - 1) / max(1, columns - 2))
                cost = _resized(mine[i - 1], others[j - 1]) + _AWAY * away
                ways.append((best[i - 1][j - 1][0] + cost, "match"))
            if ways:
                best[i][j] = min(ways)
    places: list[int | None] = [None] * len(mine)
    i, j = len(mine), len(others)
    while i or j:
        way = best[i][j][1]
        if way == "match":
            places[i - 1] = j - 1
        i, j = i - (way != "dropped"), j - (way != "new")
    return places


def _alike(one: nn.Module, other: nn.Module) -> bool:
    return type(one) is type(other) and set(one.state_dict()) == set(other.state_dict())


def _resized(one: nn.Module, other: nn.Module) -> float:
    theirs = other.state_dict()
    cost = 0.0
    for name, value in one.state_dict().items():
        if value.ndim > 1 and value.ndim == theirs[name].ndim:
            ratios = zip(value.shape, theirs[name].shape, strict=True)
            doublings = [math.log2(ours / its) for ours, its in ratios]
            # sizes that stay are the surest sign; then those that change by one factor
            cost += sum(2 + abs(doubling) for doubling in doublings if doubling)
            cost += abs(doublings[0] - doublings[1])
    return min(_RESIZED * cost, 1.5 * _LEFT_OVER)


def _own(module: nn.Module) -> set[str]:
    held = {name for name, _ in module.named_parameters(recurse=False)}
    return held | {name for name, _ in module.named_buffers(recurse=False)}
