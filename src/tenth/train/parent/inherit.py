"""Knowledge inheritance: a net begins with what a trained one of another size knows.

    inherited = inherit(parent, model, task)      # fills `model`
    print(inherited.notes)

Wider, deeper, narrower, shallower, or several at once: the rules are the same, axis by axis.

What is kept:

- *Wider*: copies of units, and what reads a copy is scaled so that the copies together give what
  their original gave. The net computes what its parent did, to rounding, if every stretch of units
  that a layer or group norm looks over grows by a whole factor, and heads grow in number rather
  than in size. Otherwise nearly.
- *Deeper*: a new layer with a residual sum around it is a copy of the one before whose last weights
  are zero; one in a chain is the identity. The net computes what its parent did, to rounding, save
  where a norm follows the sum (as in BERT), or in a chain where an activation is not relu.
- *Narrower, shallower*: the most important units and layers are kept. The net computes something
  else, and needs training.

In training, batch norm divides by the deviation of a batch, so that identities in a chain with
batch norm are exact in evaluation mode only.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tenth.errors import InputError, must
from tenth.sparsity.weights import plain
from tenth.task import Task, non_finite_weight
from tenth.train.parent.follow import follow
from tenth.train.parent.influence import influence
from tenth.train.parent.labels import Axis, Trace, first_names
from tenth.train.parent.layers import Match, match
from tenth.train.parent.units import Origins, origins

DEEPEN = ("identity", "copy")


@dataclass(frozen=True)
class Inherited:
    """What a net got from its parent.

    Attributes:
        names: tensors of its state that come from the parent.
        fresh: those that keep what they had: nothing of the parent fits them.
        notes: what happened, in words.
    """

    names: tuple[str, ...]
    fresh: tuple[str, ...]
    notes: tuple[str, ...]


@torch.no_grad()
def inherit(
    parent: nn.Module, model: nn.Module, task: Task, *, seed: int = 0, deepen: str = "identity"
) -> Inherited:
    """Fill `model` with what `parent` knows; the parent stays as it is.

    Args:
        parent: a trained net of the same build as `model`, of any widths and depths.
        task: its loss, on its first batch, shows which units belong together and matter.
        seed: draws the uneven shares of copied units.
        deepen: what new residual layers begin as: "identity", or "copy" of the layer before, as
            progressive stacking does (the net then computes something else).

    Raises:
        InputError: nothing fits, the parent holds NaN, or `deepen` is neither.
        UnsupportedError: the nets are built differently, or hold operations that cannot be followed
            (recurrent layers, transposed convolutions) and differ in size.

    Cost: one loss of each net, and the planes beside it.
    Source: Net2Net, Chen et al. 2015, arXiv:1511.05641; bert2BERT, Chen et al. 2021,
    arXiv:2110.07143; stacking, Gong et al. 2019, proceedings.mlr.press/v97/gong19a.html; Minitron,
    Muralidharan et al. 2024, arXiv:2407.14679. Differs: copies are taken in turn, and their shares
    are drawn uneven instead of adding noise.
    """
    if deepen not in DEEPEN:
        raise InputError(must("deepen", f"one of {', '.join(DEEPEN)}", repr(deepen)))
    broken = non_finite_weight(parent)
    if broken is not None:
        raise InputError(must(f"parent's weight {broken!r}", "finite", "NaN or infinity"))
    model, parent = plain(model), plain(parent)
    if _shapes(model) == _shapes(parent):
        model.load_state_dict(parent.state_dict())
        return Inherited(tuple(model.state_dict()), (), ("The parent is a net of the same sizes.",))
    with _first_batch(task) as batch:

        def run(net: nn.Module) -> Tensor:
            return task.loss(net, batch)

        found = match(model, parent, _influence(parent, run))
        net, other = follow(model, run), follow(parent, run)
    chained = tuple(f"{layer}." for layer in found.new if not any(_branches(net, layer)))
    sources = {
        name: source
        for name, source in _first_sources(found, model, parent).items()
        if not name.startswith(chained)
    }
    begun = origins(net, other, sources, seed)
    names = _fill(model, parent, net, other, sources, begun)
    _add_layers(model, net, found, deepen)
    begun_anew = tuple(f"{layer}." for layer in found.new)
    fresh = tuple(
        name
        for name in dict.fromkeys(first_names(model).values())
        if name not in names and not name.startswith(begun_anew)
    )
    if not names:
        raise InputError(must("parent", "a net built like the task's", "one where nothing fits"))
    return Inherited(names, fresh, _notes(found, model, parent, fresh))


def _influence(parent: nn.Module, run: Callable[[nn.Module], Any]) -> dict[str, float]:
    try:
        return influence(parent, run)
    except Exception as error:
        got = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(must("parent", "a net that the task's loss can be had of", got)) from error


def _shapes(model: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


@contextmanager
def _first_batch(task: Task) -> Iterator[Any]:
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(0)
        yield task.first_batch()


def _first_sources(found: Match, model: nn.Module, parent: nn.Module) -> dict[str, str]:
    """The same between the first names of tied tensors."""
    ours, theirs = first_names(model), first_names(parent)
    return {
        name: theirs[found.sources[name]]
        for name, first in ours.items()
        if name == first and found.sources.get(name) in theirs
    }


def _fill(
    model: nn.Module,
    parent: nn.Module,
    net: Trace,
    other: Trace,
    sources: dict[str, str],
    begun: Origins,
) -> tuple[str, ...]:
    ours, theirs = model.state_dict(), parent.state_dict()
    names = []
    for name, source in sources.items():
        axes = [(name, axis) for axis in range(ours[name].ndim)]
        places = [_places(net, other, axis, source, begun) for axis in axes]
        if any(place is None for place in places):
            continue
        value = theirs[source][np.ix_(*[place for place in places if place is not None])]
        for axis in axes:
            if axis in net.read and name not in net.looked_up:
                value = value * _shares(net, axis, begun, value)
        ours[name].copy_(value)
        names.append(name)
    _share_before_tied(net, begun, ours, names)
    for name, value in ours.items():
        whole = not value.is_floating_point() or not value.ndim
        if whole and name in theirs and theirs[name].shape == value.shape:
            value.copy_(theirs[name])
    return tuple(names)


def _places(net: Trace, other: Trace, axis: Axis, source: str, begun: Origins) -> np.ndarray | None:
    """Where along the parent's axis each place of ours comes from; None where it does not."""
    theirs = other.axes[source, axis[1]]
    at: dict[int, list[int]] = {}
    for place, unit in enumerate(theirs.tolist()):
        at.setdefault(unit, []).append(place)
    seen: dict[int, int] = {}
    places = []
    for unit in net.axes[axis].tolist():
        if unit not in begun.unit:
            return None
        turn = seen.get(unit, 0)
        seen[unit] = turn + 1
        origin = next(other for other in begun.unit[unit] if other in at)
        places.append(at[origin][turn])
    return np.array(places)


def _shares(net: Trace, axis: Axis, begun: Origins, value: Tensor) -> Tensor:
    along = [1] * value.ndim
    along[axis[1]] = -1
    shares = [begun.share[unit] for unit in net.axes[axis].tolist()]
    return torch.tensor(shares, dtype=value.dtype, device=value.device).reshape(along)


def _share_before_tied(
    net: Trace, begun: Origins, state: dict[str, Tensor], names: list[str]
) -> None:
    """A weight that is looked up too cannot be scaled where it reads: what it reads is."""
    for axis in net.read:
        if axis[0] in net.looked_up and axis[0] in names:
            for maker in net.feeds[axis]:
                if maker in names and state[maker].ndim == 1:
                    state[maker].mul_(_shares(net, (maker, 0), begun, state[maker]))


def _add_layers(model: nn.Module, net: Trace, found: Match, deepen: str) -> None:
    """New layers begin as the identity, or as near to it as they can be."""
    state = model.state_dict()
    for layer in found.new:
        last = {name for names in _branches(net, layer) for name in names}
        if not last:
            _be_identity(model.get_submodule(layer))
        elif deepen == "identity":
            for name in last:
                state[name].zero_()


def _branches(net: Trace, layer: str) -> Iterator[frozenset[str]]:
    """What makes the branches of a layer's residual sums last."""
    for sides in net.sums:
        inside = [bool(s) and all(n.startswith(f"{layer}.") for n in s) for s in sides]
        if inside.count(True) == 1:
            yield sides[inside.index(True)]


def _be_identity(layer: nn.Module) -> None:
    for module in layer.modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d):
            if module.weight.shape[0] == module.weight.shape[1]:
                nn.init.zeros_(module.weight)
                middle = tuple(size // 2 for size in module.weight.shape[2:])
                module.weight[(slice(None), slice(None), *middle)] = torch.eye(
                    module.weight.shape[0], dtype=module.weight.dtype
                )
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_parameters()
            if module.running_var is not None:
                module.running_var.fill_(1 - module.eps)


def _notes(
    found: Match, model: nn.Module, parent: nn.Module, fresh: tuple[str, ...]
) -> tuple[str, ...]:
    sizes = [sum(p.numel() for p in net.parameters()) for net in (parent, model)]
    notes = [f"Inherited from a net of {sizes[0]:,} parameters by one of {sizes[1]:,}."]
    if found.new:
        notes.append(f"New layers: {', '.join(found.new)}.")
    if found.dropped:
        notes.append(f"Layers of the parent left out: {', '.join(found.dropped)}.")
    if fresh:
        notes.append(f"Not inherited, of the task's own sizes: {', '.join(fresh)}.")
    return tuple(notes)
