"""How many weights each layer keeps.

An allocation takes the layers and a density, and gives each layer its count of weights. Together
they never keep more than `kept_count` of all; each layer keeps at least one unit.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tenth.errors import InputError, must
from tenth.layouts import kept_count
from tenth.sparsity.masks import best


@dataclass(frozen=True, eq=False)
class Layer:
    """What an allocation sees of a weight.

    shape: of the weight, outputs first.
    scores: one a unit (see masks), flat.
    sizes: how many weights each unit holds; None: one each.
    least: how many weights must stay; all of them for a layer held dense.
    """

    shape: tuple[int, ...]
    scores: Tensor
    sizes: Tensor | None = None
    least: int = 1

    @property
    def size(self) -> int:
        """Weights of the layer."""
        return math.prod(self.shape)

    def weights_in(self, units: Tensor) -> int:
        """How many weights the chosen `units` hold."""
        return int(units.count_nonzero() if self.sizes is None else self.sizes[units].sum())


Allocation = Callable[[Mapping[str, Layer], float], dict[str, int]]


def uniform(layers: Mapping[str, Layer], density: float) -> dict[str, int]:
    """Keep the same fraction of every layer.

    Where the layers' minima would burst the total, the other layers give way in proportion.

    Raises:
        InputError: not even the least of each layer fits the density.

    Cost: nothing to speak of.
    Source: Zhu & Gupta 2017, arXiv:1710.01878.
    """
    budget = _budget(layers, density)
    counts = {
        name: max(kept_count(layer.size, density), layer.least) for name, layer in layers.items()
    }
    if sum(counts.values()) <= budget:
        return counts
    return _share(layers, budget, {name: float(layer.size) for name, layer in layers.items()})


def global_(layers: Mapping[str, Layer], density: float) -> dict[str, int]:
    """Keep the best-scored units of the whole net, wherever they are.

    Raises:
        InputError: not even the least of each layer fits the density.

    Cost: one selection over all weights.
    Source: Han et al. 2015, arXiv:1506.02626; as a baseline in Blalock et al. 2020,
    arXiv:2003.03033. Differs: each layer keeps its best unit, so that none falls silent.
    """
    budget = _budget(layers, density)
    scores = torch.cat([_with_least_first(layer) for layer in layers.values()])
    blocks = [layer.sizes for layer in layers.values() if layer.sizes is not None]
    chosen = best(scores, torch.cat(blocks) if blocks else None, budget)
    by_layer = chosen.split([len(layer.scores) for layer in layers.values()])
    return {
        name: layer.weights_in(units)
        for (name, layer), units in zip(layers.items(), by_layer, strict=True)
    }


def _with_least_first(layer: Layer) -> Tensor:
    scores = layer.scores.clone()
    if layer.least == layer.size:
        scores.fill_(math.inf)
    else:
        scores[scores.argmax()] = math.inf
    return scores


def erk(layers: Mapping[str, Layer], density: float) -> dict[str, int]:
    """Keep more of small layers: counts in proportion to the sum of a weight's dimensions.

        density of a layer = min(1, e * (out + in + kernel sides) / (out * in * kernel sides))

    where e spends the whole budget. A Linear weight has no kernel: there this is ER.

    Raises:
        InputError: not even the least of each layer fits the density.

    Cost: nothing to speak of.
    Source: Mocanu et al. 2018, arXiv:1707.04780 (ER); Evci et al. 2020, arXiv:1911.11134 (ERK).
    """
    wanted = {name: float(sum(layer.shape)) for name, layer in layers.items()}
    return _share(layers, _budget(layers, density), wanted)


def _budget(layers: Mapping[str, Layer], density: float) -> int:
    size = sum(layer.size for layer in layers.values())
    budget = kept_count(size, density)
    least = sum(layer.least for layer in layers.values())
    if budget < least:
        remedy = (
            f"{len(layers)} layers must keep at least {least} of their {size} weights together."
        )
        raise InputError(
            must("density", f"at least {least / size:.3g} for this model", density, remedy)
        )
    return budget


def _share(layers: Mapping[str, Layer], budget: int, wanted: Mapping[str, float]) -> dict[str, int]:
    """Spend `budget` in proportion to `wanted`, each layer between its least and its size.

    What a full layer leaves goes to the others; what rounding leaves, to the largest remainders.
    """

    def ideal(scale: float) -> dict[str, float]:
        return {
            name: min(max(scale * wanted[name], layer.least), layer.size)
            for name, layer in layers.items()
        }

    low, high = 0.0, max(layer.size / wanted[name] for name, layer in layers.items())
    if sum(ideal(high).values()) <= budget:
        low = high
    for _ in range(100):
        middle = (low + high) / 2
        if sum(ideal(middle).values()) <= budget:
            low = middle
        else:
            high = middle
    shares = ideal(low)
    counts = {name: math.floor(share) for name, share in shares.items()}
    by_remainder = sorted(counts, key=lambda name: counts[name] - shares[name])
    for name in by_remainder[: budget - sum(counts.values())]:
        counts[name] = min(counts[name] + 1, layers[name].size)
    return counts


ALLOCATIONS: dict[str, Allocation] = {"uniform": uniform, "global": global_, "erk": erk}
