"""How much each weight matters: higher = keep.

A score is a function of a weight, its gradient and a random stream; it looks at what it needs,
changes nothing, and returns one float32 (or float64) number a weight, in the weight's shape.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from tenth.sparsity.weights import needed

Score = Callable[[Tensor, Tensor | None, Generator], Tensor]


def _wide(values: Tensor) -> Tensor:
    """Half-precision numbers as float32: products of them must not overflow, nor ties be many."""
    return values.detach().to(torch.promote_types(values.dtype, torch.float32))


def magnitude(weight: Tensor, gradient: Tensor | None, generator: Generator) -> Tensor:
    """Score each weight by its size.

        score = |weight|

    Cost: one pass over the weights.
    Source: Han et al. 2015, arXiv:1506.02626.
    """
    return _wide(weight).abs()


def gradient_weight(weight: Tensor, gradient: Tensor | None, generator: Generator) -> Tensor:
    """Score each weight by how much the loss would change, to first order, were it removed.

        score = |weight * gradient|

    Raises:
        InputError: there is no gradient.

    Cost: one pass over weights and gradients; the gradient is the one of the last batch.
    Source: Molchanov et al. 2019, arXiv:1906.10771 (unsquared); at initialisation it is SNIP,
    arXiv:1810.02340.
    """
    return (_wide(weight) * _wide(needed(gradient))).abs()


def random(weight: Tensor, gradient: Tensor | None, generator: Generator) -> Tensor:
    """Score each weight by a number drawn evenly from [0, 1).

    Drawn on the CPU, so that a seed means the same on every device.

    Cost: one random number a weight.
    Source: the control of Frankle et al. 2021, arXiv:2009.08576.
    """
    drawn = torch.rand(weight.shape, generator=generator, dtype=torch.float32)
    return drawn.to(weight.device)


SCORES: dict[str, Score] = {
    "magnitude": magnitude,
    "gradient_weight": gradient_weight,
    "random": random,
}
