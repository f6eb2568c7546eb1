"""Models to plan for: from a family's name, a config.json, or the headers of weights."""

from tenth.plan.models.config import read_config
from tenth.plan.models.low_rank import thin
from tenth.plan.models.model import Attention, Layer, Model, Saved
from tenth.plan.models.presets import PRESETS, Sizes, preset
from tenth.plan.models.weights import Weights, read_weights

__all__ = [
    "PRESETS",
    "Attention",
    "Layer",
    "Model",
    "Saved",
    "Sizes",
    "Weights",
    "preset",
    "read_config",
    "read_weights",
    "thin",
]
