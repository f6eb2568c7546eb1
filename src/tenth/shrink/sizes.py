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
    whole, kept = weight_count(before), kept_weights(after)
    others = sum(p.numel() for p in before.parameters()) - whole
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        dense = save_dense(before, place / "dense.safetensors")
        exact = save_model(after, place / "exact.safetensors")
        half = save_model(after, place / "half.safetensors", values="float16")
    file = counted(dense, "bytes", "an ordinary safetensors file")
    return [
        BeforeAfter(
            "weights",
            counted(whole, "weights", "Linear and Conv weights"),
            counted(kept, "weights", "those that are not zero"),
        ),
        BeforeAfter("file (float32)", file, counted(exact, "bytes", "a small file")),
        BeforeAfter("file (float16)", file, counted(half, "bytes", "a small file")),
        BeforeAfter(
            "parameters",
            counted(whole + others, "parameters", "weights, biases and norms"),
            counted(kept + others, "parameters", "weights that are not zero, biases and norms"),
        ),
    ]
