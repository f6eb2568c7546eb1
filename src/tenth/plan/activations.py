"""What the forward pass keeps for the backward pass, in bytes."""

from dataclasses import dataclass

from tenth.plan.models import Model

# of a matrix of attention that is not fused: the softmax in numbers, its mask in bytes, and what
# dropout left of it in numbers
_SQUARE_NUMBERS, _SQUARE_MASKS = 2, 1
# bytes of a logit: 16 bits, and 32 bits of it for the loss
_LOGIT_BYTES = {2: 6, 4: 12}


@dataclass(frozen=True)
class Kept:
    """How activations are kept.

    `number_bytes` each; `fused` attention keeps no square; `recompute` keeps the inputs of blocks
    alone.
    """

    number_bytes: int = 2
    fused: bool = True
    recompute: bool = False


def activation_bytes(model: Model, batch: int, sequence: int, kept: Kept) -> float:
    """Bytes that a batch of sequences (or images) keeps until its backward pass.

    For a plain decoder of width h and a heads in 16 bits: s·b·(34·h + 5·a·s) a layer, without the
    second term if attention is fused, 2·s·b·h if it is computed again; and 6 bytes a logit.

    Source: arXiv:2205.05198, equations 2, 4 and 6.
    """
    saved, size = model.saved, kept.number_bytes
    samples = batch * (sequence if model.sample == "token" else 1)
    square = 0.0
    if not kept.fused:
        square = saved.heads * sequence * (_SQUARE_NUMBERS * size + _SQUARE_MASKS)
    block = saved.block * size + saved.masks + square
    blocks = saved.blocks * block
    if kept.recompute:
        # what enters each block, and one whole block while it is computed again
        blocks = saved.blocks * saved.inputs * size + block
    rest = saved.rest * size + saved.logits * _LOGIT_BYTES[size]
    return samples * (blocks + rest)
