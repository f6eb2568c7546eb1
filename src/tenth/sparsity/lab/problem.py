"""What a control sees of a net before training, and how its scores become masks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from tenth.errors import InputError, must
from tenth.layouts import Unstructured
from tenth.sparsity.allocation import global_
from tenth.sparsity.moves import layer_of, shrink
from tenth.sparsity.weights import check_finite, held_dense, prunable

_WHOLE = Unstructured()


@dataclass(frozen=True)
class Problem:
    """An untrained net, a loss of it and a density.

    model: a copy to do with as one likes, in training mode.
    loss: of a model, on one batch.
    example: inputs of the model.
    """

    model: nn.Module
    loss: Callable[[nn.Module], Tensor]
    example: tuple[Any, ...]
    density: float

    @cached_property
    def weights(self) -> dict[str, nn.Parameter]:
        """What may be removed, by name."""
        return prunable(self.model)

    def best(
        self,
        scores: Mapping[str, Tensor],
        density: float,
        masks: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Masks of the highest scores of the whole net, among those that `masks` keep.

        Each layer keeps its best weight; a first convolution is held as the pruner holds it.

        Raises:
            InputError: scores are not finite, or say nothing.
        """
        for name, values in scores.items():
            remedy = "The net is not fit for this control: take another."
            check_finite(values, f"score of {name!r}", InputError, remedy)
        if not any(bool(values.any()) for values in scores.values()):
            remedy = "No gradient reaches the weights of this net: take another control."
            raise InputError(must("scores", "other than 0 somewhere", 0, remedy))
        if masks is None:
            masks = {n: torch.ones_like(s, dtype=torch.bool) for n, s in scores.items()}
        held = held_dense(self.model, self.weights, self.density)
        layers = {
            name: layer_of(values, masks[name], _WHOLE, held=name in held)
            for name, values in scores.items()
        }
        counts = global_(layers, density)
        return {n: shrink(layers[n], mask, counts[n], _WHOLE) for n, mask in masks.items()}

    def gradients(self, value: Tensor, *, again: bool = False) -> dict[str, Tensor]:
        """The gradients of a number; 0 where it does not depend on a weight.

        again: they can be derived once more.
        """
        found = torch.autograd.grad(
            value, list(self.weights.values()), create_graph=again, allow_unused=True
        )
        return {
            name: torch.zeros_like(weight) if gradient is None else gradient
            for (name, weight), gradient in zip(self.weights.items(), found, strict=True)
        }


Scorer = Callable[[Problem], dict[str, Tensor]]
