"""What an optimizer remembers, moved along when a parameter gives place to another.

Any optimizer whose state holds, for each parameter, tensors of the parameter's shape (momentum, the
moments of Adam) and numbers: SGD, Adam, AdamW and their like.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.optim import Optimizer


def replace_parameter(
    optimizer: Optimizer, old: Tensor, new: Tensor, moved: Callable[[Tensor], Tensor]
) -> None:
    """Put `new` where `old` stands in the optimizer, with its state.

    moved: from a moment of the old parameter to that of the new one.
    """
    shape = old.shape
    for group in optimizer.param_groups:
        group["params"] = [new if p is old else p for p in group["params"]]
    if old in optimizer.state:
        state: dict[str, Any] = optimizer.state.pop(old)
        optimizer.state[new] = {
            key: moved(part) if isinstance(part, Tensor) and _fits(part, shape) else part
            for key, part in state.items()
        }


def owns(optimizer: Optimizer, parameter: Tensor) -> bool:
    """Whether the optimizer changes this parameter."""
    return any(p is parameter for group in optimizer.param_groups for p in group["params"])


def _fits(part: Tensor, shape: Any) -> bool:
    # a count of steps is one number, and so may a weight be: there is nothing to move then
    return part.shape == shape and part.dim() > 0
