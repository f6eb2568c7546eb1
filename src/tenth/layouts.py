"""Where zeros may stand in a weight, and the one rule that turns a density into a count.

A layout is a value, never a string: `Unstructured()`, `Block(2, 1)`, `NM(2, 4)`, `Channel()`.
A weight is seen as a matrix of outputs by inputs; a convolution's kernel positions count as inputs.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from tenth.errors import InputError, must


@dataclass(frozen=True)
class Dense:
    """No zeros."""


@dataclass(frozen=True)
class Unstructured:
    """A zero may stand anywhere."""


@dataclass(frozen=True)
class Block:
    """Zeros come in blocks of `rows` consecutive outputs by `columns` consecutive inputs.

    A block at the edge of a weight is cut off there and counts as one block.
    """

    rows: int
    columns: int

    def __post_init__(self) -> None:
        for side, size in (("rows", self.rows), ("columns", self.columns)):
            if size < 1:
                raise InputError(must(f"Block {side}", "at least 1", size))


@dataclass(frozen=True)
class NM:
    """In each group of `m` consecutive inputs, `n` are kept."""

    n: int
    m: int

    def __post_init__(self) -> None:
        if not 0 < self.n <= self.m:
            raise InputError(must("NM", "0 < n <= m", f"{self.n}:{self.m}", "Write NM(2, 4)."))


@dataclass(frozen=True)
class Channel:
    """Whole outputs are zero."""


Layout = Dense | Unstructured | Block | NM | Channel


def check_density(density: float, thing: str = "density") -> float:
    """Return `density` if it is a number in (0, 1].

    Raises:
        InputError: it is not; the message guesses what was meant.
    """
    if not isinstance(density, int | float) or isinstance(density, bool):
        raise InputError(must(thing, "a number in (0, 1]", repr(density)))
    if not (math.isfinite(density) and 0 < density <= 1):
        remedy = "It is the fraction kept: 0.1 keeps a tenth."
        if math.isfinite(density) and 1 < density <= 100:
            remedy = f"Did you mean {density / 100:g}? It is the fraction kept."
        raise InputError(must(thing, "in (0, 1]", density, remedy))
    return float(density)


def kept_count(size: int, density: float) -> int:
    """How many of `size` things a density keeps: the only rounding rule of the project.

    A density is a ceiling: the count never exceeds `size * density`, computed in decimal from the
    number as written, so that 0.1 of 10 is 1 and not 0. At least one is kept of anything.

    >>> kept_count(10, 0.1), kept_count(816, 0.1), kept_count(3, 0.1), kept_count(0, 0.5)
    (1, 81, 1, 0)

    Raises:
        InputError: `size` is negative or `density` is outside (0, 1].
    """
    if size < 0:
        raise InputError(must("size", "at least 0", size))
    exact = Decimal(repr(check_density(density))) * size
    return min(size, max(1, int(exact.to_integral_value(ROUND_FLOOR))))


def as_matrix_shape(shape: Iterable[int]) -> tuple[int, int]:
    """The shape of a weight seen as outputs by inputs (kernel positions count as inputs)."""
    rows, *rest = shape
    return rows, math.prod(rest)
