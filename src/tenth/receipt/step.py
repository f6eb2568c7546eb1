"""The FLOPs of one training step, layer by layer, and the work it is at some densities."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tenth.errors import InputError, must
from tenth.layouts import check_density
from tenth.receipt.work import Flops, Work


@dataclass(frozen=True)
class LayerCost:
    """FLOPs of one prunable weight in a step: all of them are proportional to its density."""

    weights: int
    forward: float = 0.0
    weight_gradient: float = 0.0
    input_gradient: float = 0.0

    @property
    def backward(self) -> float:
        """Both gradients."""
        return self.weight_gradient + self.input_gradient

    @property
    def per_weight(self) -> float:
        """FLOPs of the gradient of one weight."""
        return self.weight_gradient / self.weights


@dataclass(frozen=True)
class StepCost:
    """FLOPs of a dense step; `layers` are the prunable weights, by their name in `state_dict`.

    `uncounted` names operations that ran and that nothing has a formula for.
    """

    forward: float
    backward: float
    layers: dict[str, LayerCost]
    uncounted: tuple[str, ...] = ()

    def work(
        self,
        densities: Mapping[str, float] | None = None,
        growth_weights: Mapping[str, int] | int = 0,
        sparse: Collection[str] = (),
    ) -> Work:
        """The work of one step at these densities.

        A weight runs dense, mask or not, unless it is named in `sparse`: executed equals
        dense-equivalent but for the zeros of those. The share of the backward pass that served only
        to choose weights to grow is shown as growth.

        Args:
            densities: fraction kept of each weight; a weight not named is dense.
            growth_weights: gradient entries looked at for growth, by weight or in all.
            sparse: weights whose zeros were skipped.

        Raises:
            InputError: a name that no layer has, or a density outside (0, 1].
        """
        densities = densities or {}
        self._check(densities)
        for name, density in densities.items():
            check_density(density, f"density of {name}")
        growth = self._growth(densities, growth_weights)
        gone = {name: 1.0 - densities.get(name, 1.0) for name in self.layers}
        idle_forward, idle_backward = self._idle(gone)
        spared_forward, spared_backward = self._idle({n: g for n, g in gone.items() if n in sparse})
        return Work(
            useful=Flops(self.forward - idle_forward, self.backward - idle_backward, growth),
            executed=Flops(
                self.forward - spared_forward, self.backward - spared_backward - growth, growth
            ),
            dense_equivalent=Flops(self.forward, self.backward),
        )

    def _idle(self, gone: Mapping[str, float]) -> tuple[float, float]:
        """FLOPs, forward and backward, of the weights that are gone."""
        return (
            math.fsum(share * self.layers[name].forward for name, share in gone.items()),
            math.fsum(share * self.layers[name].backward for name, share in gone.items()),
        )

    def _check(self, names: Mapping[str, Any]) -> None:
        strange = sorted(set(names) - set(self.layers))
        if strange:
            known = ", ".join(self.layers) or "none"
            raise InputError(must("layer name", f"one of: {known}", ", ".join(strange)))

    def _growth(
        self, densities: Mapping[str, float], growth_weights: Mapping[str, int] | int
    ) -> float:
        """FLOPs of the gradients of absent weights; those of kept weights are backward anyway."""
        absent = {
            name: (1.0 - densities.get(name, 1.0)) * layer.weights
            for name, layer in self.layers.items()
        }
        if isinstance(growth_weights, int):
            # spread over the absent weights, since nobody said where they are
            whole = math.fsum(absent.values())
            share = min(1.0, growth_weights / whole) if whole else 0.0
            looked = {name: share * count for name, count in absent.items()}
        else:
            self._check(growth_weights)
            looked = {name: min(growth_weights.get(name, 0), absent[name]) for name in absent}
        return math.fsum(looked[name] * self.layers[name].per_weight for name in looked)
