"""An exponential average of the weights, scored and returned instead of the last ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


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
        for name, parameter in self._model.named_parameters():
            self.weights[name].lerp_(parameter, 1 - self._decay)
            if name in masks:
                self.weights[name].mul_(masks[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model holds the average inside the block, and its own weights again afterwards."""
        own = {name: p.detach().clone() for name, p in self._model.named_parameters()}
        self._write(self.weights)
        try:
            yield
        finally:
            self._write(own)

    def keep(self) -> None:
        """Write the average into the model for good."""
        self._write(self.weights)

    @torch.no_grad()
    def _write(self, weights: Mapping[str, Tensor]) -> None:
        for name, parameter in self._model.named_parameters():
            parameter.copy_(weights[name])
