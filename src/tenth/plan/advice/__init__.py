"""What a budget of money, energy or time pays for."""

from tenth.plan.advice.advice import Advice
from tenth.plan.advice.advise import advise
from tenth.plan.advice.sides import Side, both, times_cheaper

__all__ = ["Advice", "Side", "advise", "both", "times_cheaper"]
