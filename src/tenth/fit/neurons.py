"""Which neurons of a masked net still read anything."""

from collections.abc import Mapping

from torch import Tensor


def live_neurons(masks: Mapping[str, Tensor]) -> dict[str, float]:
    """The share of each layer's neurons that keep one weight or more: units, or output channels.

    masks: [outputs, inputs, …] by weight name, True = kept.
    Cost: one pass over the masks.
    """
    return {name: mask.flatten(1).any(dim=1).double().mean().item() for name, mask in masks.items()}
