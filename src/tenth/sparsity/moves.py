"""One move of a mask: what stays, and what grows in place of what goes."""

import math

import torch
from torch import Tensor

from tenth.layouts import Layout
from tenth.sparsity.allocation import Layer
from tenth.sparsity.masks import best, spread, unit_means, unit_sizes


def layer_of(scores: Tensor, live: Tensor, layout: Layout, *, held: bool) -> Layer:
    """A weight as allocations see it; what is not live scores lowest of all.

    held: all weights of the layer must stay.
    """
    sizes = unit_sizes(scores.shape, layout)
    units = unit_means(scores, layout).masked_fill(~_live_units(live, layout), -math.inf)
    least = scores.numel() if held else int(sizes.max())
    return Layer(tuple(scores.shape), units, sizes, least)


def shrink(layer: Layer, live: Tensor, count: int, layout: Layout) -> Tensor:
    """The mask that keeps the best `count` weights of those that live."""
    chosen = best(layer.scores, layer.sizes, count)
    return spread(chosen, live.shape, layout) & live


def exchange(
    layer: Layer, live: Tensor, growth: Tensor, *, count: int, swap: int, layout: Layout
) -> Tensor:
    """The mask that keeps the best `count - swap` weights and fills up to `count` by growth.

    All that is not kept may grow, so a weight that was just dropped may come straight back.
    """
    kept = best(layer.scores, layer.sizes, count - swap) & _live_units(live, layout)
    room = count - int(layer.sizes.to(kept.device)[kept].sum())
    wishes = unit_means(growth, layout).masked_fill(kept, -math.inf)
    return spread(kept | best(wishes, layer.sizes, room), live.shape, layout)


def _live_units(live: Tensor, layout: Layout) -> Tensor:
    return unit_means(live.to(torch.float32), layout) > 0.5
