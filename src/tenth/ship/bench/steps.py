"""The time of each step of a program, and what it did in that time."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StepTime:
    """One step. A step without weights has no shape, no kernel, and a density of 1.

    `flops` count every weight, `useful_flops` those that are not zero; `moved_bytes` are the
    activations read and written and the weights, once each.
    """

    name: str
    path: str
    op: str
    shape: tuple[int, ...]
    density: float
    kernel: str
    seconds: float
    flops: int
    useful_flops: int
    moved_bytes: int

    @property
    def rate(self) -> float:
        """Useful FLOP a second."""
        return self.useful_flops / self.seconds

    @property
    def intensity(self) -> float:
        """Useful FLOP for each byte moved."""
        return self.useful_flops / self.moved_bytes
