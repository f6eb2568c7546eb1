"""Which removed weights deserve to live again: higher = grow.

Same face as a score: a function of a weight, its dense gradient and a random stream. Whatever
regrows starts at 0, with the optimizer's memory of it at 0.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from tenth.sparsity.weights import needed

Regrowth = Callable[[Tensor, Tensor | None, Generator], Tensor]


def gradient(weight: Tensor, gradient: Tensor | None, generator: Generator) -> Tensor:
    """Grow where the loss would fall fastest.

        score = |gradient|

    Raises:
        InputError: there is no gradient.

    Cost: the gradient of removed weights too, at the steps where masks move.
    Source: Evci et al. 2020 (RigL), arXiv:1911.11134. Differs: none; as there, a weight dropped in
    the same move may come straight back, and then keeps its value.
    """
    dense = needed(gradient).detach()
    return dense.to(torch.promote_types(dense.dtype, torch.float32)).abs()


def random(weight: Tensor, gradient: Tensor | None, generator: Generator) -> Tensor:
    """Grow anywhere, evenly.

    Drawn on the CPU, so that a seed means the same on every device.

    Cost: one random number a weight; no gradient.
    Source: Mocanu et al. 2018 (SET), arXiv:1707.04780. Differs: a weight dropped in the same move
    may come straight back.
    """
    drawn = torch.rand(weight.shape, generator=generator, dtype=torch.float32)
    return drawn.to(weight.device)


REGROWTH: dict[str, Regrowth] = {"gradient": gradient, "random": random}
