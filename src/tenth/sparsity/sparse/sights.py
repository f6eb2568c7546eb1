"""What the layers of a model meet: shapes of inputs, whether a gradient goes back, autocast."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tenth.sparsity.sparse.table import KINDS
from tenth.sparsity.weights import plain


@dataclass(frozen=True)
class Sight:
    """The largest input that a layer met while it learned.

    gradient: whether its gradient was wanted.
    autocast: whether autocast was on.
    """

    shape: tuple[int, ...]
    gradient: bool
    autocast: bool = False

    @property
    def size(self) -> int:
        """Numbers in the input."""
        return torch.Size(self.shape).numel()


@contextmanager
def watch(model: nn.Module) -> Iterator[dict[str, Sight]]:
    """Fills a dict, by the names of layers, with what they meet inside the block."""
    sights: dict[str, Sight] = {}
    handles = [
        module.register_forward_hook(_noting(sights, name))
        for name, module in plain(model).named_modules()
        if type(module) in KINDS
    ]
    try:
        yield sights
    finally:
        for handle in handles:
            handle.remove()


def _noting(sights: dict[str, Sight], name: str) -> Any:
    def note(_: nn.Module, inputs: tuple[Any, ...], __: Any) -> None:
        given = inputs[0] if inputs else None
        if not isinstance(given, Tensor):
            return
        autocast = torch.is_autocast_enabled(given.device.type)
        seen = Sight(tuple(given.shape), given.requires_grad, autocast)
        before = sights.get(name)
        if before is None or (before.size, before.gradient) < (seen.size, seen.gradient):
            sights[name] = seen

    return note
