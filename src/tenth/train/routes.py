"""Ways to a trained network: each is a row of choices, and the loop is the same for all."""

from dataclasses import dataclass

from tenth.sparsity import GRADUAL, GRANET, RIGL, SET, STATIC, Method


@dataclass(frozen=True)
class Route:
    """One way.

    Attributes:
        source: who published it, and in what this row differs.
        method: how weights are chosen; None: all are kept.
        small: train the task's small dense model instead.
        ramp: share of the steps after which the final density is reached.
        rest: share of the steps after which the masks rest.
    """

    source: str
    method: Method | None = None
    small: bool = False
    ramp: float = 0.5
    rest: float = 0.75

    @property
    def dense(self) -> bool:
        """Whether all weights of the task's own model are kept."""
        return self.method is None and not self.small

    @property
    def sparse_start(self) -> bool:
        """Whether the first mask is drawn before any step."""
        method = self.method
        return method is not None and method.schedule(0.0, method.start, 0.0) < 1.0


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
}
