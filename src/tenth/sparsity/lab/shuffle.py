"""Masks that say no more than how much of each layer is kept."""

from collections.abc import Mapping

import torch
from torch import Generator, Tensor


def shuffle(masks: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    """The same number of weights in each layer, elsewhere: each mask permuted.

    Drawn on the CPU, so that a seed means the same on every device.

    Cost: one permutation of each layer.
    Source: Frankle et al. 2021, arXiv:2009.08576.
    """
    shuffled = {}
    for name, mask in masks.items():
        order = torch.randperm(mask.numel(), generator=generator).to(mask.device)
        shuffled[name] = mask.flatten()[order].reshape(mask.shape)
    return shuffled
