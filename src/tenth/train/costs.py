"""What a route costs beside dense training, by arithmetic on its row.

A dense step is 3 parts: forward, and the gradients of inputs and of weights. At density d all three
cost d; a look that grows by gradient adds the weight gradients of what is absent, 1 - d. This is
one layer of evenly spread weights: looks at the score, biases and norms are left out, and so is the
unevenness of ERK, which makes convolutions dearer.
"""

from tenth.sparsity import Timetable, regrowth, schedules
from tenth.train.rounds import REWIND, densities, rewinding_rate, rewinding_weights
from tenth.train.routes import ROUTES
from tenth.train.tickets import LOOKS, early_bird

_PARTS = 3


def relative_cost(route: str, density: float, steps: int = 1000) -> float:
    """FLOPs of a run that is not ended by its target, over those of a dense run of `steps` steps.

    Early-bird counts as soon as it can be drawn, which is the least it can cost. Scoring masks for
    a control is a few steps and left out.

    >>> round(relative_cost("granet", 0.1), 2), round(relative_cost("lottery-lr", 0.1), 2)
    (0.17, 4.67)
    """
    row = ROUTES[route]
    every = max(10, steps // row.updates)
    if row.dense:
        return 1.0
    if row.way in (rewinding_rate, rewinding_weights):
        early = REWIND if row.way is rewinding_weights else 0.0
        return early + (1 - early) * (1 + sum(densities(density)))
    if row.way is early_bird:
        dense = (LOOKS + 1) * every / steps
        return dense + (1 - dense) * density
    method = row.method
    if method is None or row.control:
        return density
    table = Timetable(steps, every, row.ramp, row.rest)
    start, cost = max(method.start, density), 0.0
    at_once = method.schedule is schedules.alternating
    for step in range(steps):
        seen = step if at_once else step // every * every  # others change at a look
        now = method.schedule(table.progress(seen), start, density)
        cost += _PARTS * now
        if method.regrow is regrowth.gradient and step and table.moves(step):
            cost += 1 - now
    return cost / (_PARTS * steps)
