"""What a model will cost, said before anything runs."""

from tenth.plan.assumptions import Assumptions
from tenth.plan.estimate import estimate
from tenth.plan.formulas import Decoder
from tenth.plan.of_graph import of_graph
from tenth.plan.result import Plan

__all__ = ["Assumptions", "Decoder", "Plan", "estimate", "of_graph"]
