"""An exponential average of the weights, scored and returned instead of the last ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from tenth.sparsity.sparse import named_weights, write_weights


class Average:
    """weights = decay × weights + (1 − decay) × the model's, from the model's own at the start.

    A weight that a mask has removed is zero in the average at once. Buffers are the model's own.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model = model
        self._decay = decay
        self.weights = {name: p.detach().clone() for name, p in model.named_parameters()}

    @torch.no_grad()
    def update(self, masks: Mapping[str, Tensor]) -> None:
        """Take the model's weights in."""
        for name, weight in named_weights(self._model):
            self.weights[name].lerp_(weight, 1 - self._decay)
            if name in masks:
                self.weights[name].mul_(masks[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model holds the average inside the block, and its own weights again afterwards."""
        own = {name: w.detach().clone() for name, w in named_weights(self._model)}
        write_weights(self._model, self.weights)
        try:
            yield
        finally:
            write_weights(self._model, own)

    def keep(self) -> None:
        """Write the average into the model for good."""
        write_weights(self._model, self.weights)
