"""LOWRANK: a merged adapter as two thin matrices, from which the variant is predicted.

A variant with a merged adapter is base + left @ right, rounded. The two factors are whole
numbers, and so is their product, below 2^53: float64 holds each partial sum exactly, so that every
order of summation, every library and every machine gives the same words. What the prediction misses
is stored as the difference from it, by any codec.
"""

from tenth.keep.predict.lowrank.factors import MOST_RANK, VERSION, Factors, predict, unpack
from tenth.keep.predict.lowrank.fitting import fit

__all__ = ["MOST_RANK", "VERSION", "Factors", "fit", "predict", "unpack"]
