"""One move of a mask: what stays, and what grows in place of what goes."""

import math

from torch import Tensor

from tenth.layouts import Layout
from tenth.sparsity.allocation import Layer
from tenth.sparsity.masks import best, block_sizes, live_units, spread, unit_means


def layer_of(scores: Tensor, live: Tensor, layout: Layout, *, held: bool) -> Layer:
    """A weight as allocations see it; what is not live scores lowest of all.

    held: all weights of the layer must stay.
    """
    sizes = block_sizes(scores, layout)
    units = unit_means(scores, layout).masked_fill(~live_units(live, layout), -math.inf)
    least = 1 if sizes is None else int(sizes.max())
    return Layer(tuple(scores.shape), units, sizes, scores.numel() if held else least)


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
    kept = best(layer.scores, layer.sizes, count - swap) & live_units(live, layout)
    room = count - layer.weights_in(kept)
    wishes = unit_means(growth, layout).masked_fill(kept, -math.inf)
    return spread(kept | best(wishes, layer.sizes, room), live.shape, layout)
