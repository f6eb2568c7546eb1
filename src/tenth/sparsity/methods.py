"""Published ways to prune, each a row of choices along the axes."""

from dataclasses import dataclass, field

from tenth.errors import InputError, must
from tenth.layouts import Layout, Unstructured, check_density
from tenth.sparsity import allocation, regrowth, schedules, scores
from tenth.sparsity.masks import check_layout


@dataclass(frozen=True)
class Method:
    """A row of choices.

    score: which weights to keep.
    allocation: how many in each layer.
    schedule: when the density falls.
    regrow: which removed weights return; None: masks only shrink, but for dense phases of the
        schedule, in which all return.
    start: density at step 0. Below 1, and under a constant schedule, the first mask is random.
    layout: where zeros may stand.
    drop: share of live weights that move at each look, cosine to 0.
    """

    score: scores.Score
    allocation: allocation.Allocation
    schedule: schedules.Schedule
    regrow: regrowth.Regrowth | None = None
    start: float = 1.0
    layout: Layout = field(default_factory=Unstructured)
    drop: float = 0.3
    source: str = ""

    def __post_init__(self) -> None:
        check_density(self.start, "Method start")
        check_layout(self.layout)
        if not 0 < self.drop <= 1:
            raise InputError(must("Method drop", "a share in (0, 1]", self.drop))

    def describe(self) -> str:
        """The row in words, as it stands in saved states and receipts."""
        regrow = self.regrow.__name__ if self.regrow else "none"
        parts = (self.score.__name__, self.allocation.__name__, self.schedule.__name__, regrow)
        return f"{' '.join(parts)} start={self.start} drop={self.drop} {self.layout}"


GRADUAL = Method(
    scores.magnitude,
    allocation.erk,
    schedules.cubic,
    source="Zhu & Gupta 2017, arXiv:1710.01878. Differs: layer densities by ERK, not uniform.",
)
ONE_SHOT = Method(
    scores.magnitude,
    allocation.global_,
    schedules.one_shot,
    source="Han et al. 2015, arXiv:1506.02626. Differs: one round.",
)
STATIC = Method(
    scores.random,
    allocation.erk,
    schedules.constant,
    source="the control of Evci et al. 2020, arXiv:1911.11134: a random mask that never moves.",
)
SET = Method(
    scores.magnitude,
    allocation.erk,
    schedules.constant,
    regrow=regrowth.random,
    source="Mocanu et al. 2018, arXiv:1707.04780. Differs: drop share 0.3 with cosine decay.",
)
RIGL = Method(
    scores.magnitude,
    allocation.erk,
    schedules.constant,
    regrow=regrowth.gradient,
    source="Evci et al. 2020, arXiv:1911.11134. Differs: none.",
)
RIGL_ITOP = Method(
    scores.magnitude,
    allocation.erk,
    schedules.constant,
    regrow=regrowth.gradient,
    drop=0.5,
    source="Liu et al. 2021, arXiv:2102.02887: RigL with a larger drop share, to be used with a "
    "longer interval. Differs: none.",
)
GRANET = Method(
    scores.magnitude,
    allocation.erk,
    schedules.cubic,
    regrow=regrowth.gradient,
    start=0.5,
    source="Liu et al. 2021, arXiv:2106.10404. Differs: ERK at each density, drop share 0.3.",
)
ACDC = Method(
    scores.magnitude,
    allocation.global_,
    schedules.alternating,
    source="Peste et al. 2021, arXiv:2106.12379. Differs: each layer keeps its best weight.",
)
TAYLOR = Method(
    scores.gradient_weight,
    allocation.global_,
    schedules.cubic,
    regrow=regrowth.gradient,
    source="Molchanov et al. 2019, arXiv:1906.10771. Differs: single weights, not filters; removed "
    "weights may return by gradient, as in arXiv:2106.10404.",
)

METHODS: dict[str, Method] = {
    "gradual": GRADUAL,
    "one_shot": ONE_SHOT,
    "static": STATIC,
    "set": SET,
    "rigl": RIGL,
    "rigl_itop": RIGL_ITOP,
    "granet": GRANET,
    "acdc": ACDC,
    "taylor": TAYLOR,
}


def method_of(given: Method | str) -> Method:
    """A method, by itself or by its name in `METHODS`.

    Raises:
        InputError: there is none of that name.
    """
    if isinstance(given, Method):
        return given
    if given not in METHODS:
        raise InputError(must("method", f"one of {', '.join(METHODS)}", repr(given)))
    return METHODS[given]
