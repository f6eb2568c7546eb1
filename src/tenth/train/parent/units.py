"""Which unit of a parent each unit of another net is.

Units that lie on the same axes, as often, are a *family*: the channels of a layer, the dimensions
of a residual stream. A larger family takes its units in turn, again and again (Net2Net); a smaller
one the most important ones, in their order (Minitron). Units that live in bundles, such as heads,
move with their bundle.

Source: Chen et al. 2015, arXiv:1511.05641 (in turn instead of drawn); Chen et al. 2021,
arXiv:2110.07143 (whole heads); Muralidharan et al. 2024, arXiv:2407.14679 (importance by
activation, here times the norm of what reads it).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tenth.errors import UnsupportedError, must
from tenth.train.parent.labels import Axis, Trace

_Signature = frozenset[tuple[str, int, int]]  # tensor, axis, how often a unit lies on it


@dataclass
class Family:
    """Units of one kind, in their order on an axis that parent and net share."""

    signature: _Signature
    units: list[int]


@dataclass
class Origins:
    """Where the units of a net come from.

    Attributes:
        unit: the parent's unit of each unit, by number; several where layers between them were left
            out, so that what was made and what was read are not one in the parent.
        share: how much of what its parent's unit gave each unit gives; those of one sum to 1.
        own: axes that are the task's own (inputs, classes, vocabulary) and of another size.
    """

    unit: dict[int, tuple[int, ...]]
    share: dict[int, float]
    own: set[Axis]


def origins(net: Trace, parent: Trace, sources: Mapping[str, str], seed: int) -> Origins:
    """Find them.

    Args:
        sources: the parent's tensor for each tensor of the net (see `layers.match`).
        seed: draws the shares of copies, uneven so that they do not stay copies in training.

    Raises:
        UnsupportedError: the two nets are built differently.
    """
    generator = np.random.default_rng(seed)
    theirs = families(parent)
    result = Origins({}, {}, set())
    for family in families(net):
        mapped = frozenset((sources[n], a, c) for n, a, c in family.signature if n in sources)
        if not mapped:
            continue
        models = _models(theirs, mapped)
        model = models[0]
        ours, units = _in_order(net, parent, family, model, sources)
        used = _made_and_used(net, ours, family) and _made_and_used(parent, units, model)
        if len(ours) != len(units) and not used:
            result.own |= {(name, axis) for name, axis, _ in family.signature}
            continue
        taken = _taken(net, parent, ours, units)
        rows = [units, *(other.units for other in models[1:])]
        result.unit.update((u, tuple(r[t] for r in rows)) for u, t in zip(ours, taken, strict=True))
        result.share.update(_shares(ours, taken, generator))
    return result


def families(trace: Trace) -> list[Family]:
    """The families of a net."""
    places: dict[int, Counter] = {}
    for (name, axis), units in trace.axes.items():
        for unit, count in Counter(units.tolist()).items():
            places.setdefault(unit, Counter())[(name, axis)] = count
    found: dict[_Signature, list[int]] = {}
    for unit, axes in places.items():
        signature = frozenset((name, axis, count) for (name, axis), count in axes.items())
        found.setdefault(signature, []).append(unit)
    return [Family(signature, units) for signature, units in found.items()]


def _models(theirs: list[Family], mapped: _Signature) -> list[Family]:
    """The parent's families that hold all these axes: one, unless layers were left out."""
    near = [family for family in theirs if mapped & family.signature]
    near.sort(key=lambda family: len(mapped & family.signature), reverse=True)
    held = frozenset(axis for family in near for axis in family.signature)
    if not near or not mapped <= held or len({len(family.units) for family in near}) > 1:
        names = ", ".join(sorted({name for name, _, _ in mapped})[:3])
        raise UnsupportedError(
            must("the parent", "a net built like this one", f"other connections at {names}")
        )
    return near[:1] if mapped <= near[0].signature else near


def _in_order(
    net: Trace, parent: Trace, family: Family, model: Family, sources: Mapping[str, str]
) -> tuple[list[int], list[int]]:
    """The units of both in the order of one axis that they share."""
    shared = {(name, axis) for name, axis, _ in model.signature}
    name, axis = min(
        (n, a) for n, a, _ in family.signature if n in sources and (sources[n], a) in shared
    )
    ours, theirs = set(family.units), set(model.units)
    return (
        [u for u in dict.fromkeys(net.axes[name, axis].tolist()) if u in ours],
        [u for u in dict.fromkeys(parent.axes[sources[name], axis].tolist()) if u in theirs],
    )


def _made_and_used(trace: Trace, units: list[int], family: Family) -> bool:
    made = any((name, axis) not in trace.read for name, axis, _ in family.signature)
    return made and bool(trace.used[units].all())


def _taken(net: Trace, parent: Trace, ours: list[int], theirs: list[int]) -> list[int]:
    """For each of our units the place of theirs that it is."""
    mine, others = _bundled(net, ours), _bundled(parent, theirs)
    sizes = {len(bundle) for bundle in (*mine, *others)}
    if len(sizes) == 1:
        worth = [parent.importance[_members(parent, theirs[b[0]])].sum() for b in others]
        return [place for i in _picked(len(mine), np.array(worth)) for place in others[i]]
    if len(mine) != len(others):
        got = f"{len(mine)} of {len(mine[0])} and {len(others)} of {len(others[0])}"
        rule = "as many as the parent's, or as large"
        raise UnsupportedError(must("heads or groups of channels", rule, got))
    taken = [0] * len(ours)
    for own, other in zip(mine, others, strict=True):
        worth = parent.importance[[theirs[place] for place in other]]
        for place, i in zip(own, _picked(len(own), worth), strict=True):
            taken[place] = other[i]
    return taken


def _bundled(trace: Trace, units: list[int]) -> list[list[int]]:
    """The places of units, by the bundle they live in."""
    found: dict[int, list[int]] = {}
    for place, unit in enumerate(units):
        found.setdefault(int(trace.bundles[unit]), []).append(place)
    return list(found.values())


def _members(trace: Trace, unit: int) -> np.ndarray:
    return np.flatnonzero(trace.bundles == trace.bundles[unit])


def _picked(count: int, worth: np.ndarray) -> list[int]:
    if count >= len(worth):
        return [place % len(worth) for place in range(count)]
    return sorted(np.argsort(-worth, kind="stable")[:count].tolist())


def _shares(ours: list[int], taken: list[int], generator: np.random.Generator) -> dict[int, float]:
    copies = Counter(taken)
    drawn = [1.0 if copies[t] == 1 else generator.uniform(0.5, 1.5) for t in taken]
    whole = dict.fromkeys(taken, 0.0)
    for unit, part in zip(taken, drawn, strict=True):
        whole[unit] += part
    return {u: part / whole[t] for u, t, part in zip(ours, taken, drawn, strict=True)}
