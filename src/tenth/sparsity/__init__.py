"""What chooses zeros: scores, allocation, schedules, regrowth, and the pruner that keeps them.

    scores, allocation, schedules, regrowth    one axis of choices a file, functions in a table
    methods                                    rows of choices: gradual, rigl, granet, ...
    weights, masks                             which weights may be pruned; which of them are kept
    pruner                                     holds the masks in any training loop
    checkpoint, models                         pruned models in small files; reading needs no torch
    sparse                                     layers that skip their zeros, where that is faster

Each name loads its module on first use, so that `tenth.sparsity.checkpoint` works without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenth.sparsity import allocation, channels, checkpoint, models, regrowth, schedules, scores
    from tenth.sparsity.masks import apply_masks_, rescale_init_
    from tenth.sparsity.methods import (
        ACDC,
        GRADUAL,
        GRANET,
        METHODS,
        ONE_SHOT,
        RIGL,
        RIGL_ITOP,
        SET,
        STATIC,
        TAYLOR,
        Method,
    )
    from tenth.sparsity.models import load_into, save_dense, save_model
    from tenth.sparsity.pruner import Pruner, Update
    from tenth.sparsity.schedules import Timetable
    from tenth.sparsity.sparse import convert, densify
    from tenth.sparsity.weights import prunable

__all__ = [
    "ACDC",
    "GRADUAL",
    "GRANET",
    "METHODS",
    "ONE_SHOT",
    "RIGL",
    "RIGL_ITOP",
    "SET",
    "STATIC",
    "TAYLOR",
    "Method",
    "Pruner",
    "Timetable",
    "Update",
    "allocation",
    "apply_masks_",
    "channels",
    "checkpoint",
    "convert",
    "densify",
    "load_into",
    "models",
    "prunable",
    "regrowth",
    "rescale_init_",
    "save_dense",
    "save_model",
    "schedules",
    "scores",
]

_HOME = {
    "ACDC": "methods",
    "GRADUAL": "methods",
    "GRANET": "methods",
    "TAYLOR": "methods",
    "METHODS": "methods",
    "ONE_SHOT": "methods",
    "RIGL": "methods",
    "RIGL_ITOP": "methods",
    "SET": "methods",
    "STATIC": "methods",
    "Method": "methods",
    "Pruner": "pruner",
    "Timetable": "schedules",
    "Update": "pruner",
    "apply_masks_": "masks",
    "convert": "sparse",
    "densify": "sparse",
    "load_into": "models",
    "prunable": "weights",
    "rescale_init_": "masks",
    "save_dense": "models",
    "save_model": "models",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"tenth.sparsity.{_HOME[name]}"), name)
    if name in __all__:
        return import_module(f"tenth.sparsity.{name}")
    raise AttributeError(f"module 'tenth.sparsity' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
