"""Predictors: another base than the one that is stored, made from it, nearer to the variant.

    cast     the base in another float type
    lowrank  the base plus the product of two thin matrices: a merged adapter

    guess = cast(base, "BF16", "F32")
    parameters = lowrank.fit(values, base, shape, "BF16")
    guess = lowrank.predict(parameters, base_slice, shape, "BF16", start, count)

The variant is then stored as a difference from the guess, by any codec; the guess is the same bytes
on every machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tenth.keep.predict import lowrank
from tenth.keep.predict.casting import cast

__all__ = ["PREDICTORS", "Predictor", "cast", "lowrank"]


@dataclass(frozen=True)
class Predictor:
    """A way to a new base; manifests name it and its version, and another version is refused.

    `fitted`: it has parameters, which are stored.
    """

    name: str
    version: int
    fitted: bool


PREDICTORS: Mapping[str, Predictor] = MappingProxyType({
    row.name: row
    for row in (
        Predictor("cast", 1, False),
        Predictor("lowrank", lowrank.VERSION, True),
    )
})  # fmt: skip
