"""Attention, as torch calls it."""

import math
from typing import Any

import torch

from tenth.graph.capture.build import Ref
from tenth.graph.capture.call import Call
from tenth.graph.capture.masks import FAR_BELOW, is_true
from tenth.graph.capture.sized import Both, Sized, is_always, is_causal


def attention(call: Call) -> Ref:
    """softmax(q k^T * scale + mask) v.

    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """
    query, key, value = call["query"], call["key"], call["value"]
    if call.get("enable_gqa", False):
        raise call.refuse("given as many key heads as query heads", "enable_gqa=True")
    if call["dropout_p"] > 0:
        raise call.refuse("without dropout in eval mode", f"dropout_p = {call['dropout_p']}")
    width = call.fixed(call.shape(query)[-1])
    scale = call.get("scale") or 1 / math.sqrt(width)
    mask, causal = _mask(call, call["attn_mask"])
    return call.emit(
        "attention", query, key, value, mask, scale=scale, causal=causal or call["is_causal"]
    )


def _mask(call: Call, mask: Any) -> tuple[Any, bool]:
    """What is added to the scores, or None; and whether a row meets only what is before it."""
    causal = False
    if isinstance(mask, Both):
        causal = is_causal(mask.sized, call.build)
        mask = mask.ref if causal else call.emit("mul", mask.ref, mask.sized)
    if mask is None or _shows_all(call, mask):
        return None, causal
    if is_causal(mask, call.build):
        return None, True
    if isinstance(mask, Ref):
        return (_hidden(call, mask) if mask.name in call.build.flags else mask), causal
    if isinstance(mask, Sized):
        truth = mask.at(call.build.sizes).dtype == torch.bool
        return (_hidden(call, mask) if truth else mask), causal
    if mask.dtype == torch.bool:
        return torch.zeros(mask.shape).masked_fill(~mask, FAR_BELOW), causal
    # a finite number far below all others masks as -inf does
    return mask.float().clamp(min=FAR_BELOW), causal


def _shows_all(call: Call, mask: Any) -> bool:
    if isinstance(mask, Sized):
        truth = mask.at(call.build.sizes).dtype == torch.bool
        return is_always(mask, call.build, 1.0 if truth else 0.0)
    return isinstance(mask, torch.Tensor) and is_always(
        mask, call.build, 1.0 if mask.dtype == torch.bool else 0.0
    )


def _hidden(call: Call, truth: Any) -> Ref:
    """0 where a mask is true, a number far below others elsewhere; before it is stretched."""
    truth = is_true(call, truth) if isinstance(truth, Ref) else truth
    while isinstance(truth, Ref) and call.build.nodes[truth.name].op == "fit":
        truth = Ref(call.build.nodes[truth.name].inputs[0])
    return call.emit("mul", call.emit("sub", truth, 1.0), -FAR_BELOW)
