"""How the learning rate goes over a run: a factor on the optimizer's own rate.

A schedule takes the step, from 0, and the number of steps.
"""

import math
from collections.abc import Callable


def constant(step: int, steps: int) -> float:
    """The same rate throughout.

    >>> constant(7, 10)
    1.0
    """
    del step, steps
    return 1.0


def cosine(step: int, steps: int) -> float:
    """Half a cosine, from 1 to almost 0 at the last step.

    >>> cosine(0, 10), round(cosine(5, 10), 3), round(cosine(9, 10), 3)
    (1.0, 0.5, 0.024)

    Source: Loshchilov & Hutter 2016, arXiv:1608.03983, without restarts.
    """
    return 0.5 * (1 + math.cos(math.pi * step / steps))


RATES: dict[str, Callable[[int, int], float]] = {
    "constant": constant,
    "cosine": cosine,
}
