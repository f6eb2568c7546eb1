"""How much each layer of a list does: how far it turns what passes through it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


@torch.no_grad()
def influence(model: nn.Module, run: Callable[[nn.Module], Any]) -> dict[str, float]:
    """For each layer of a list of layers, 1 − the mean cosine of its input and its output, over 2.

    Of layers that are built of others, such as blocks, and whose output has the shape of their
    input: only they can be left out without regard to what follows.

    Cost: one run of the model.
    Source: Men et al. 2024 (block influence), arXiv:2403.03853.
    """
    found: dict[str, float] = {}

    def watched(name: str) -> Callable[..., None]:
        def watch(_: nn.Module, given: tuple[Any, ...], out: Any) -> None:
            before = next((x for x in given if isinstance(x, Tensor)), None)
            after = out[0] if isinstance(out, list | tuple) and out else out
            if before is None or not isinstance(after, Tensor) or before.shape != after.shape:
                return
            axis = 1 if before.ndim == 4 else -1
            cosine = functional.cosine_similarity(before.double(), after.double(), dim=axis)
            found[name] = (1 - cosine.mean().item()) / 2

        return watch

    hooks = [
        layer.register_forward_hook(watched(f"{path}.{name}" if path else name))
        for path, stack in model.named_modules()
        if isinstance(stack, nn.Sequential | nn.ModuleList)
        for name, layer in stack.named_children()
        if any(layer.children())
    ]
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        run(model)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes.items():
            module.training = training
    return found
