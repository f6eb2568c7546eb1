"""Convolutions that multiply their kept weights only, forwards and backwards.

A convolution of sequences is one of images of height 1. Transposed ones have no sparse form.
"""

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from tenth.kernels.training.conv import ConvPlan, Shape
from tenth.kernels.training.conv_pattern import Kept
from tenth.kernels.training.conv_planes import Side
from tenth.sparsity.sparse.layer import SparseLayer

Dense = nn.Conv1d | nn.Conv2d
_MOST_PLANS = 8  # sizes of images remembered; a ninth one begins anew


class SparseConv(SparseLayer):
    """`nn.Conv1d` or `nn.Conv2d` with the weights that a mask keeps.

    Raises:
        UnsupportedError: autocast is on, or the input is on another device or of another type.

    Cost: forward, and each gradient: 2 * kept weights * output pixels * batch FLOPs, and one copy
    of what is read and written. A pattern is laid out once for each size of images. float64 goes
    through the dense weight, for checks of gradients.
    """

    def __init__(self, dense: nn.Module, mask: Tensor) -> None:
        super().__init__(dense, mask)
        self.plans = Plans(dense, mask)

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of x [batch, channels, ...], or of one item without a batch."""
        self.check_input(x)
        sides = self.plans.sides(x)
        if self.values.dtype != torch.float32 or not x.numel() or sides is None:
            return self._dense(x)
        images = x.reshape(-1, self.plans.channels[0], sides[0].inputs, sides[1].inputs)
        plan = self.plans.plan(sides, len(images))
        y = _Convolution.apply(images, self.values, self.bias, plan)
        size = [side.outputs for side in sides][4 - len(self.shape) :]
        return y.view(*x.shape[: 1 - len(self.shape)], self.shape[0], *size)

    def _dense(self, x: Tensor) -> Tensor:
        """Through the dense weight; torch also tells what is wrong with an input."""
        dense = self.dense
        assert isinstance(dense, Dense)
        convolve = functional.conv1d if isinstance(dense, nn.Conv1d) else functional.conv2d
        rules = (dense.stride, dense.padding, dense.dilation, dense.groups)
        return convolve(x, self.weight, self.bias, *rules)  # pyright: ignore[reportArgumentType, reportCallIssue]


class SparseConv1d(SparseConv):
    """`nn.Conv1d` with the weights that a mask keeps; see `SparseConv`."""


class SparseConv2d(SparseConv):
    """`nn.Conv2d` with the weights that a mask keeps; see `SparseConv`."""


class Plans:
    """The plans of one layer, made as sizes of images come. Copies of the layer share them."""

    def __init__(self, dense: nn.Module, mask: Tensor) -> None:
        assert isinstance(dense, Dense)
        self.dims = mask.dim()
        lead = (1,) * (4 - self.dims)
        self.kernel = (*lead, *dense.kernel_size)
        self.stride = (*lead, *dense.stride)
        self.dilation = (*lead, *dense.dilation)
        if isinstance(dense.padding, str):
            whole = [
                step * (taps - 1) if dense.padding == "same" else 0
                for step, taps in zip(self.dilation, self.kernel, strict=True)
            ]
            self.padding = tuple((all_ // 2, all_ - all_ // 2) for all_ in whole)
        else:
            self.padding = tuple(
                (both, both) for both in (*(0 for _ in lead), *map(int, dense.padding))
            )
        self.channels = dense.in_channels, dense.out_channels
        self.kept = _kept(mask, dense.groups)
        self.made: dict[tuple[object, ...], ConvPlan] = {}

    def sides(self, x: Tensor) -> tuple[Side, Side] | None:
        """Height and width of the convolution of x; None if it does not fit."""
        dims = self.dims
        if x.dim() not in (dims, dims - 1) or x.shape[1 - dims] != self.channels[0]:
            return None
        sizes = (*(1,) * (4 - dims), *x.shape[2 - dims :])
        height, width = (self._side(axis, size) for axis, size in enumerate(sizes))
        return (height, width) if height.outputs > 0 and width.outputs > 0 else None

    def plan(self, sides: tuple[Side, Side], images: int) -> ConvPlan:
        """The plan for images of this size."""
        key = (sides, min(images, 64))
        if key not in self.made:
            if len(self.made) >= _MOST_PLANS:
                self.made.clear()
            self.made[key] = ConvPlan(Shape(*self.channels, *sides), self.kept, images)
        return self.made[key]

    def _side(self, axis: int, size: int) -> Side:
        kernel, stride, dilation = self.kernel[axis], self.stride[axis], self.dilation[axis]
        before, after = self.padding[axis]
        outputs = (size + before + after - dilation * (kernel - 1) - 1) // stride + 1
        return Side(size, outputs, kernel, stride, before, dilation)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, bias: Tensor | None, plan: ConvPlan) -> Tensor:
        x, values = x.contiguous(), values.contiguous()
        shape = plan.shape
        y = x.new_empty(len(x), shape.outputs, shape.height.outputs, shape.width.outputs)
        plan.forward(
            len(x),
            x.data_ptr(),
            values.data_ptr(),
            None if bias is None else bias.data_ptr(),
            y.data_ptr(),
            torch.get_num_threads(),
        )
        ctx.save_for_backward(x, values)
        ctx.plan = plan
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, values = ctx.saved_tensors
        to_x, to_values, to_bias, _ = ctx.needs_input_grad
        dy = gradients[0].contiguous()
        dx = torch.empty_like(x) if to_x else None
        dv = torch.empty_like(values) if to_values else None
        if to_x or to_values:
            ctx.plan.backward(
                len(x),
                dy.data_ptr(),
                x.data_ptr(),
                values.data_ptr(),
                None if dx is None else dx.data_ptr(),
                None if dv is None else dv.data_ptr(),
                torch.get_num_threads(),
            )
        return dx, dv, dy.sum((0, 2, 3)) if to_bias else None, None


def _kept(mask: Tensor, groups: int) -> Kept:
    """Channels and tap of each kept weight, in the order of the flat weight."""
    outputs, inputs = mask.shape[:2]
    result, source, tap = mask.flatten(2).nonzero().cpu().numpy().T
    return Kept(result // max(1, outputs // groups) * inputs + source, result, tap)


def conv_refusal(dense: nn.Module) -> str:
    """Why this convolution cannot be sparse; "" if it can."""
    assert isinstance(dense, Dense)
    if dense.padding_mode != "zeros":
        return f"it pads with {dense.padding_mode}, not with zeros"
    if dense.bias is not None and dense.bias.dtype != dense.weight.dtype:
        return "its bias is of another type"
    return ""
