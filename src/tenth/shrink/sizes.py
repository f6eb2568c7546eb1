"""How large a model is before and after: weights, and bytes of its file."""

import tempfile
from pathlib import Path

from torch import nn

from tenth.figures import counted
from tenth.receipt import BeforeAfter
from tenth.sparsity import prunable, save_dense, save_model


def weight_count(model: nn.Module) -> int:
    """How many weights can be pruned."""
    return sum(weight.numel() for weight in prunable(model).values())


def kept_weights(model: nn.Module) -> int:
    """How many of them are not zero."""
    return sum(int(weight.count_nonzero()) for weight in prunable(model).values())


def sizes(before: nn.Module, after: nn.Module) -> list[BeforeAfter]:
    """Weights and bytes of a model and of what it was shrunk to.

    Cost: writes three temporary files.
    """
    weights = BeforeAfter(
        "prunable weights",
        counted(weight_count(before), "weights", "Linear and Conv weights"),
        counted(kept_weights(after), "weights", "those that are not zero"),
    )
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        dense = save_dense(before, place / "dense.safetensors")
        exact = save_model(after, place / "exact.safetensors")
        half = save_model(after, place / "half.safetensors", values="float16")
    whole = counted(dense, "bytes", "an ordinary safetensors file")
    return [
        weights,
        BeforeAfter("file, float32 values", whole, counted(exact, "bytes", "a small file")),
        BeforeAfter("file, float16 values", whole, counted(half, "bytes", "a small file")),
    ]
