"""Ways to a trained network: each is a row of choices, and the loop is the same for all."""

from dataclasses import dataclass

from tenth.fit.settings import MASK_UPDATES
from tenth.sparsity import ACDC, GRADUAL, GRANET, RIGL, RIGL_ITOP, SET, STATIC, Method
from tenth.sparsity.lab import Scorer, grasp, snip, synflow
from tenth.train.controls import masks_by
from tenth.train.job import Way, whole
from tenth.train.rounds import rewinding_rate, rewinding_weights
from tenth.train.tickets import early_bird


@dataclass(frozen=True)
class Route:
    """One way.

    Attributes:
        source: who published it, and in what this row differs.
        method: how weights are chosen; None: all are kept.
        small: train the task's small dense model instead.
        ramp: share of the steps after which the final density is reached.
        rest: share of the steps after which the masks rest.
        updates: how often masks move in a run, unless its settings say so.
        way: how the run is gone through; most are one stretch.
        begins_dense: whatever the method says, the first steps are made with all weights.
        control: it is here for comparison, and no way to take.
    """

    source: str
    method: Method | None = None
    small: bool = False
    ramp: float = 0.5
    rest: float = 0.75
    updates: int = MASK_UPDATES
    way: Way = whole
    begins_dense: bool = False
    control: bool = False

    @property
    def dense(self) -> bool:
        """Whether all weights of the task's own model are kept."""
        return self.method is None and not self.small

    @property
    def sparse_start(self) -> bool:
        """Whether the first mask is drawn before any step."""
        method = self.method
        if method is None or self.begins_dense:
            return False
        return method.schedule(0.0, method.start, 0.0) < 1.0


def _control(scorer: Scorer, source: str, *, shuffled: bool = False) -> Route:
    return Route(
        f"{source}. Differs: fresh weights are enlarged by sparse fan-in, as for every sparse "
        f"start; one batch of the task's size",
        STATIC,
        way=masks_by(scorer, shuffled=shuffled),
        control=True,
    )


ROUTES: dict[str, Route] = {
    "dense": Route("the task's own model and optimizer; no paper"),
    "small": Route(
        "the small dense net of the same weight count, the rival in Evci et al. 2020, "
        "arXiv:1911.11134",
        small=True,
    ),
    "static": Route(
        "a random mask that never moves, Erdős–Rényi layer densities: Mocanu et al. 2016, "
        "arXiv:1604.05978. Differs: ERK for convolutions, arXiv:1911.11134",
        STATIC,
    ),
    "gradual": Route(
        "Zhu & Gupta 2017, arXiv:1710.01878. Differs: ERK layer densities, final density from "
        "half of the steps",
        GRADUAL,
    ),
    "set": Route(
        "Mocanu et al. 2018, arXiv:1707.04780. Differs: the drop share falls as a cosine, as in "
        "arXiv:1911.11134",
        SET,
    ),
    "rigl": Route("Evci et al. 2020, arXiv:1911.11134. Differs: none", RIGL),
    "granet": Route(
        "Liu et al. 2021, arXiv:2106.10404, from density 0.5 to the final one by half of the "
        "steps. Differs: masks rest from 75 % of the steps",
        GRANET,
    ),
    "rigl-itop": Route(
        "Liu et al. 2021, arXiv:2102.02887: drop share 0.5 and a longer interval, 4000 iterations "
        "of 98,000, so 24 updates a run. Differs: masks rest from 75 % of the steps",
        RIGL_ITOP,
        updates=24,
    ),
    "acdc": Route(
        "Peste et al. 2021, arXiv:2106.12379, in the proportions of its 200 epochs on CIFAR-100: "
        "dense for 5 % of the steps, then sparse for 10 % and dense for 6.5 % by turns, sparse "
        "from 87.5 %. Differs: momentum is reset for removed weights alone",
        ACDC,
        ramp=0.875,
        rest=0.875,
    ),
    "lottery": Route(
        "Frankle & Carbin 2018, arXiv:1803.03635, 20 % a round over the whole net, rewound to "
        "3 % of the steps as in arXiv:1912.05671. Differs: the optimizer begins anew there",
        STATIC,
        way=rewinding_weights,
        begins_dense=True,
    ),
    "lottery-lr": Route(
        "Renda et al. 2020, arXiv:2003.02389, 20 % a round over the whole net. Differs: none",
        STATIC,
        way=rewinding_rate,
        begins_dense=True,
    ),
    "early-bird": Route(
        "You et al. 2020, arXiv:1909.11957: whole channels by BatchNorm scale, drawn when they "
        "settle. Differs: a look at each 100th of the run, not each epoch; no penalty on the "
        "scales; without BatchNorm by mean size, arXiv:1608.08710; drawn at half of the steps at "
        "the latest",
        STATIC,
        way=early_bird,
        begins_dense=True,
    ),
    "snip": _control(snip, "Lee et al. 2019, arXiv:1810.02340"),
    "grasp": _control(grasp, "Wang et al. 2020, arXiv:2002.07376"),
    "synflow": _control(synflow, "Tanaka et al. 2020, arXiv:2006.05467"),
    "snip-shuffled": _control(snip, "Frankle et al. 2021, arXiv:2009.08576", shuffled=True),
    "grasp-shuffled": _control(grasp, "Frankle et al. 2021, arXiv:2009.08576", shuffled=True),
    "synflow-shuffled": _control(synflow, "Frankle et al. 2021, arXiv:2009.08576", shuffled=True),
}
