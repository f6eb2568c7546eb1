"""Matrices as products of two thin ones."""

from dataclasses import replace

from tenth.plan.checks import whole
from tenth.plan.models.model import Model

_WHOLE = ("lm_head", "head", "router", "shared_gate")


def thin(model: Model, rank: int) -> Model:
    """The same with each matrix as a product of two of this rank, where that is smaller.

    Two thin matrices are dense, so every kernel runs the smaller work.

    Raises:
        InputError: `rank` is not a whole number of at least 1.
    Source: arXiv:1404.0736 for convolutions and linear layers alike.
    """
    whole("rank", rank)
    layers = []
    for layer in model.layers:
        small = rank * (layer.inputs * layer.kernel + layer.outputs)
        if layer.shared or layer.name in _WHOLE or small >= layer.size:
            layers.append(layer)
            continue
        down = replace(layer, name=f"{layer.name}_a", outputs=rank, bias=False)
        up = replace(layer, name=f"{layer.name}_b", inputs=rank, kernel=1)
        layers += [down, up]
    return replace(model, name=f"{model.name} at rank {rank}", layers=tuple(layers))
