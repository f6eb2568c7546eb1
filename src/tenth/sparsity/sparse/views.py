"""The weights of a model by their dense names, whichever form a layer has at the moment."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from tenth.sparsity.sparse.layer import SparseLayer
from tenth.sparsity.weights import plain


def named_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """As `named_parameters`; a sparse layer shows a copy of its dense weight, zeros and all."""
    for name, parameter, layer in _places(model):
        yield name, parameter if layer is None else layer.weight.detach()


@torch.no_grad()
def write_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights by their dense names into a model; a sparse layer takes what it keeps."""
    for name, parameter, layer in _places(model):
        given = weights[name]
        parameter.copy_(given if layer is None else given.flatten()[layer.kept])


def _places(model: nn.Module) -> Iterator[tuple[str, nn.Parameter, SparseLayer | None]]:
    modules = dict(plain(model).named_modules())
    for name, parameter in plain(model).named_parameters():
        path, _, own = name.rpartition(".")
        layer = modules[path]
        if isinstance(layer, SparseLayer) and own == "values":
            yield f"{path}.weight", parameter, layer
        else:
            yield name, parameter, None
