"""How much arithmetic was done, in three counts that are never mixed.

    useful            what the kept weights needed: the least that a perfect kernel would do
    executed          what ran; a weight held at zero by a mask still costs its share, unless its
                      layer runs sparse
    dense_equivalent  what the dense twin would have done for the same steps

One multiply-add is 2 FLOPs. Work done under a mask alone is dense work: useful is
smaller, executed not.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Flops:
    """Floating-point operations by purpose."""

    forward: float = 0.0
    backward: float = 0.0
    growth: float = 0.0

    @property
    def total(self) -> float:
        """All of them."""
        return self.forward + self.backward + self.growth

    def __add__(self, other: "Flops") -> "Flops":
        return Flops(
            self.forward + other.forward,
            self.backward + other.backward,
            self.growth + other.growth,
        )

    def __mul__(self, times: float) -> "Flops":
        return Flops(self.forward * times, self.backward * times, self.growth * times)

    __rmul__ = __mul__


@dataclass(frozen=True)
class Work:
    """The three counts of one piece of work.

    `growth` counts the gradients of absent weights, looked at to choose which of them to grow.
    """

    useful: Flops = field(default_factory=Flops)
    executed: Flops = field(default_factory=Flops)
    dense_equivalent: Flops = field(default_factory=Flops)

    def __add__(self, other: "Work") -> "Work":
        return Work(
            self.useful + other.useful,
            self.executed + other.executed,
            self.dense_equivalent + other.dense_equivalent,
        )

    def __mul__(self, times: float) -> "Work":
        return Work(self.useful * times, self.executed * times, self.dense_equivalent * times)

    __rmul__ = __mul__
