"""A linear layer that multiplies its kept weights only, forwards and backwards."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tenth.kernels.training import linear
from tenth.kernels.training.linear import Batch
from tenth.kernels.training.patterns import Pattern, kept_places, pattern, transposed
from tenth.sparsity.sparse.layer import SparseLayer


class SparseLinear(SparseLayer):
    """`nn.Linear` with the weights that a mask keeps: y = x W^T + b.

    The input may be of any shape [..., features]. A batch whose storage has its features first is
    taken as it is, and answered in the same form; all else is answered in rows.

    Raises:
        UnsupportedError: autocast is on, or the input is on another device or of another type.

    Cost: forward, and each gradient: 2 * kept weights * batch FLOPs. float64 goes through the dense
    weight, for checks of gradients.
    """

    def __init__(self, dense: nn.Module, mask: Tensor) -> None:
        table = mask.detach().cpu().numpy()
        places, sides = kept_places(table), (table.shape[0], table.shape[1])
        super().__init__(dense, mask, torch.from_numpy(places))
        self.patterns = pattern(places, sides), transposed(places, sides)

    def forward(self, x: Tensor) -> Tensor:
        """The product of the last axis of x with the weights."""
        self.check_input(x)
        if self.values.dtype != torch.float32:
            return functional.linear(x, self.weight, self.bias)
        rows = x.reshape(-1, x.shape[-1])
        y = _Product.apply(rows, self.values, self.bias, self.patterns)
        return y.reshape(*x.shape[:-1], y.shape[-1])


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        values: Tensor,
        bias: Tensor | None,
        patterns: tuple[Pattern, Pattern],
    ) -> Tensor:
        x = _laid(x)
        kept, _ = patterns
        y = _like(x, kept.shape[0])
        linear.forward(
            kept,
            values.data_ptr(),
            None if bias is None else bias.data_ptr(),
            _batch(x),
            _batch(y),
            pixels=len(x),
            threads=torch.get_num_threads(),
        )
        ctx.save_for_backward(x, values)
        ctx.patterns = patterns
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, values = ctx.saved_tensors
        kept, turned = ctx.patterns
        to_x, to_values, to_bias, _ = ctx.needs_input_grad
        dy, threads = _laid(gradients[0]), torch.get_num_threads()
        dx = torch.empty_like(x) if to_x else None
        sums = x.new_empty(threads, kept.count + 4) if to_values else None
        if to_x or to_values:
            linear.backward(
                kept,
                turned if to_x else None,
                values.data_ptr(),
                x=_batch(x),
                dy=_batch(dy),
                dx=None if dx is None else _batch(dx),
                gradients=None if sums is None else sums.data_ptr(),
                pixels=len(x),
                threads=threads,
            )
        return (
            dx,
            None if sums is None else sums[0, : kept.count].clone(),
            dy.sum(0) if to_bias else None,
            None,
        )


def _laid(x: Tensor) -> Tensor:
    """The matrix itself where pixels or features stand side by side, else a copy that does so."""
    pixels, features = x.stride()
    side_by_side = (features == 1 and pixels >= x.shape[1]) or (
        pixels == 1 and features >= x.shape[0]
    )
    return x if side_by_side else x.contiguous()


def _like(x: Tensor, features: int) -> Tensor:
    """An empty matrix of the same form."""
    if x.stride(0) == 1 and x.stride(1) > 1:
        return x.new_empty(features, len(x)).t()
    return x.new_empty(len(x), features)


def _batch(x: Tensor) -> Batch:
    return Batch(x.data_ptr(), x.stride(0), x.stride(1))


def linear_refusal(dense: nn.Module) -> str:
    """Why this `nn.Linear` cannot be sparse; "" if it can."""
    assert isinstance(dense, nn.Linear)
    if dense.bias is not None and dense.bias.dtype != dense.weight.dtype:
        return "its bias is of another type"
    return ""
