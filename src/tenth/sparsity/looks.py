"""One look at the masks: from weights and gradients to the next masks.

The pruner says when to look, at which density and whether masks may move; here it is decided which
weights that means.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, distributed, nn

from tenth.errors import DivergedError
from tenth.sparsity import regrowth
from tenth.sparsity.allocation import Layer
from tenth.sparsity.methods import Method
from tenth.sparsity.moves import exchange, layer_of, shrink
from tenth.sparsity.weights import check_finite

_LOWER_RATE = "Lower the learning rate, or start again from the last good checkpoint."


@dataclass(frozen=True, eq=False)
class Look:
    """What a look sees.

    weights, masks: by name; masks True = kept.
    held: names of weights that stay dense.
    """

    method: Method
    weights: Mapping[str, nn.Parameter]
    masks: Mapping[str, Tensor]
    held: frozenset[str]
    generator: Generator

    def layers(self, scored: Mapping[str, Tensor]) -> dict[str, Layer]:
        """The weights as allocations see them."""
        layout = self.method.layout
        return {
            name: layer_of(values, self.masks[name], layout, held=name in self.held)
            for name, values in scored.items()
        }

    def chosen(self, density: float, share: float | None) -> tuple[dict[str, Tensor], int]:
        """The next masks, and how many entries of dense gradients were read to choose them.

        share: of the live weights, how many are exchanged for others; None: none are.

        Raises:
            DivergedError: a weight, or a gradient that is looked at, is not finite.
            InputError: masks are chosen by gradient, and there is none.
        """
        gradients = self._gradients()
        layers = self.layers({name: self._scores(name, gradients[name]) for name in self.masks})
        counts = self.method.allocation(layers, density)
        masks, read = {}, 0
        for name, layer in layers.items():
            live, count, layout = self.masks[name], counts[name], self.method.layout
            growth = None
            if share is not None and count < layer.size:
                growth = self._growth(name, gradients[name])
            if share is None or growth is None:
                masks[name] = shrink(layer, live, count, layout)
                continue
            swap = max(1, int(share * count))
            masks[name] = exchange(layer, live, growth, count=count, swap=swap, layout=layout)
            read += 0 if self.method.regrow is regrowth.random else layer.size
        return of_first_rank(masks), read

    def _gradients(self) -> dict[str, Tensor | None]:
        """The gradients; a layer that the loss did not reach has a zero one if others have any."""
        if all(weight.grad is None for weight in self.weights.values()):
            return dict.fromkeys(self.weights)
        return {
            name: torch.zeros_like(weight) if weight.grad is None else weight.grad
            for name, weight in self.weights.items()
        }

    def _scores(self, name: str, gradient: Tensor | None) -> Tensor:
        weight = self.weights[name]
        check_finite(weight, f"weight {name!r}", DivergedError, _LOWER_RATE)
        scored = self.method.score(weight, gradient, self.generator)
        check_finite(scored, f"score of {name!r}", DivergedError, _LOWER_RATE)
        return scored

    def _growth(self, name: str, gradient: Tensor | None) -> Tensor | None:
        """The growth scores, or None where a layer has no gradient to grow by."""
        regrow = self.method.regrow
        if regrow is None or (
            gradient is not None
            and self.weights[name].grad is None
            and regrow is not regrowth.random
        ):
            return None
        growth = regrow(self.weights[name], gradient, self.generator)
        check_finite(growth, f"gradient of {name!r}", DivergedError, _LOWER_RATE)
        return growth


def of_first_rank(masks: dict[str, Tensor]) -> dict[str, Tensor]:
    """The masks of rank 0, on all ranks."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return masks
    agreed = {}
    for name, mask in masks.items():
        sent = mask.to(torch.uint8)
        distributed.broadcast(sent, src=0)
        agreed[name] = sent.bool()
    return agreed
