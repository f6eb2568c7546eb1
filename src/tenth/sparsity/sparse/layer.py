"""What every sparse layer is: the kept values of a dense layer, in its place.

The dense module waits inside, with the parameter that a pruner and a user may know, but without
its memory: its weight is *parked*, one zero that only looks as large. While sparse, the layer's
parameters are `values` (kept weights in the order of the flat dense weight) and the dense layer's
own `bias`; `state_dict` shows the dense `weight`, so that checkpoints fit either form.
"""

import copy
from typing import Any, Self

import torch
from torch import Tensor, nn

from tenth.errors import UnsupportedError, must

_HOOKS = (
    "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
    "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_backward_hooks",
    "_backward_pre_hooks",
)  # fmt: skip
_DENSIFY = "Turn the model back with densify(model, optimizer)."


class SparseLayer(nn.Module):
    """A layer that holds the weights of `dense` where `mask` is True, and none elsewhere.

    A subclass gives `forward`, and indexes its kernels by `kept` in `__init__`: they never change.
    What it keeps besides must be safe to share between copies.

    Attributes:
        values: the kept weights, in the order of `kept`.
        bias: the very parameter of the dense layer, or None.
        kept: places of the values in the flat dense weight, int64; rising, unless a subclass gives
            another order.
        shape: shape of the dense weight.
        dense: the dense module, parked. Use `restore()` to have it back.
    """

    values: nn.Parameter
    bias: nn.Parameter | None
    kept: Tensor
    shape: torch.Size
    dense: nn.Module

    def __init__(self, dense: nn.Module, mask: Tensor, kept: Tensor | None = None) -> None:
        super().__init__()
        weight = dense.weight
        assert isinstance(weight, nn.Parameter)
        self.shape = weight.shape
        self.kept = mask.flatten().nonzero().flatten() if kept is None else kept
        self.values = nn.Parameter(
            weight.detach().flatten()[self.kept], requires_grad=weight.requires_grad
        )
        if weight.grad is not None:
            self.values.grad = weight.grad.flatten()[self.kept]
        self.bias = dense._parameters["bias"]
        self.training = dense.training
        for name in _HOOKS:  # shared, so that a hook can be removed in either form
            object.__setattr__(self, name, getattr(dense, name))
        object.__setattr__(self, "dense", dense)  # not a child: its parameters are not the model's
        park(weight)

    @property
    def weight(self) -> Tensor:
        """The dense weight, zeros and all; a gradient flows through it to the values."""
        flat = self.values.new_zeros(self.shape.numel())
        return flat.index_put((self.kept,), self.values).view(self.shape)

    @property
    def density(self) -> float:
        """The fraction of the weights that are kept."""
        return len(self.kept) / self.shape.numel()

    def restore(self) -> nn.Module:
        """The dense module with its weights, gradient and mode of now; this layer is used up."""
        dense, weight = self.dense, self.dense.weight
        assert isinstance(weight, nn.Parameter)
        weight.data = self.weight.detach()
        weight.grad = None if self.values.grad is None else self.spread(self.values.grad)
        weight.requires_grad_(self.values.requires_grad)
        dense._parameters["bias"] = self.bias
        return dense.train(self.training)

    def spread(self, kept_values: Tensor) -> Tensor:
        """What belongs to the kept weights, such as a moment, in the shape of the dense weight."""
        flat = kept_values.new_zeros(self.shape.numel())
        return flat.index_copy_(0, self.kept, kept_values).view(self.shape)

    def check_input(self, given: Tensor) -> None:
        """See that the kernels can take this input.

        Raises:
            UnsupportedError: autocast is on, or it is on another device or of another type.
        """
        if torch.is_autocast_enabled(given.device.type):
            raise UnsupportedError(
                must("autocast", "off where layers run sparse", "autocast on", _DENSIFY)
            )
        if given.device.type != "cpu" or self.values.device.type != "cpu":
            devices = f"{self.values.device} and {given.device}"
            raise UnsupportedError(must("a sparse layer and its input", "on a CPU", devices))
        if given.dtype != self.values.dtype:
            got = f"{given.dtype} for weights of {self.values.dtype}"
            raise UnsupportedError(must("input of a sparse layer", "of its weights' type", got))

    def extra_repr(self) -> str:
        """As the dense module tells, and the density."""
        return f"{self.dense.extra_repr()}, density={self.density:.3g}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = object.__new__(type(self))
        memo[id(self)] = copied
        memo[id(self.kept)] = self.kept  # never written
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        weight = copied.dense.weight
        assert isinstance(weight, Tensor)
        park(weight)
        return copied

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        weight = self.weight
        destination[prefix + "weight"] = weight if keep_vars else weight.detach()
        if self.bias is not None:
            destination[prefix + "bias"] = self.bias if keep_vars else self.bias.detach()

    def _load_from_state_dict(  # noqa: PLR0913  torch's own signature
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        values = prefix + "values"
        weight = state_dict.get(prefix + "weight")
        known = dict(state_dict)
        if weight is not None:
            problem = self._unfit(weight)
            if problem:
                error_msgs.append(f"{prefix}weight {problem}")
                return
            known[values] = weight.detach().flatten()[self.kept.to(weight.device)]
        absent: list[str] = []
        strange: list[str] = []
        super()._load_from_state_dict(
            known, prefix, local_metadata, strict, absent, strange, error_msgs
        )
        missing_keys += [prefix + "weight" if name == values else name for name in absent]
        unexpected_keys += [name for name in strange if name != prefix + "weight"]

    def _unfit(self, weight: Tensor) -> str:
        if weight.shape != self.shape:
            return f"must be of shape {tuple(self.shape)}. Got {tuple(weight.shape)}."
        if int(weight.count_nonzero()) > int(weight.flatten()[self.kept].count_nonzero()):
            return f"must be zero where the sparse layer holds no weight. {_DENSIFY}"
        return ""


def park(weight: Tensor) -> None:
    """Take the memory of a weight away; it keeps its shape and its identity."""
    weight.data = weight.data.new_zeros(()).expand(weight.shape)
    weight.grad = None


def is_parked(weight: Tensor) -> bool:
    """Whether the values of this weight live in a sparse layer at the moment."""
    return weight.numel() > 1 and not any(weight.stride())
