"""What a model will cost, said before anything runs."""

from tenth.plan.assumptions import Assumptions
from tenth.plan.estimate import estimate
from tenth.plan.formulas import Decoder
from tenth.plan.models import Sizes, preset, read_config, read_weights, thin
from tenth.plan.of_graph import of_graph
from tenth.plan.of_model import of_model
from tenth.plan.result import Plan
from tenth.plan.traced import TracedStep, of_step
from tenth.plan.work import Serve, Train

__all__ = [
    "Assumptions",
    "Decoder",
    "Plan",
    "Serve",
    "Sizes",
    "TracedStep",
    "Train",
    "estimate",
    "of_graph",
    "of_model",
    "of_step",
    "preset",
    "read_config",
    "read_weights",
    "thin",
]
