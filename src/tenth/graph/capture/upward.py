"""From few pixels to many: transposed convolutions, interpolation, pixel shuffle."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from torch import Tensor

from tenth.graph.capture.build import FreeSizeError, Ref
from tenth.graph.capture.call import Call
from tenth.graph.dims import Size
from tenth.graph.shape_checks import may_equal

_MOST_TIMES = 64


@dataclass(frozen=True)
class _Phases:
    """An axis of a transposed convolution as a plain one with `stride` times as many outputs.

    Output p of the transposed one, counted without its padding, is phase p % stride of place
    p // stride: the sum over m of x[p // stride - m] * weight[p % stride + m * stride].
    """

    kernel: int
    stride: int
    padding: int
    more: int

    @property
    def left_out(self) -> int:
        """Whole places that the padding cuts off on either side."""
        return min(self.padding // self.stride, -(-self.kernel // self.stride) - 1)

    @property
    def taps(self) -> int:
        """Weights of a phase; those beyond the kernel are zeros."""
        taps = -(-self.kernel // self.stride)
        missing = self.kernel + self.more - self.start - taps * self.stride
        return taps + max(0, -(-missing // self.stride))

    @property
    def start(self) -> int:
        """The first output that stays."""
        return self.padding - self.left_out * self.stride

    @property
    def stop(self) -> int:
        """Where those that stay stop, counted from the end."""
        return self.kernel + self.more - self.start - self.taps * self.stride


def conv_transpose(call: Call) -> Ref:
    """Every input spreads over a window of outputs: a convolution, and its outputs as blocks.

    A zero of the weight stays a zero.

    Source: Dumoulin, Visin 2016, arXiv:1603.07285.
    """
    x, weight, bias = call["input"], call.weight("weight"), call.weight("bias")
    if weight is None:
        raise call.refuse("given a weight", None)
    axes = weight.ndim - 2
    call.batched(x, axes)
    groups = call.fixed(call["groups"])
    dilation = call.ints("dilation", axes)
    weight = _dilated(weight.detach(), dilation)
    given = (call.ints(name, axes) for name in ("stride", "padding", "output_padding"))
    phases = [_Phases(*row) for row in zip(weight.shape[2:], *given, strict=True)]
    block = tuple(axis.stride for axis in phases)
    y = call.emit(
        "conv",
        x,
        _as_conv(weight, phases, groups),
        None if bias is None else bias.repeat_interleave(math.prod(block)),
        stride=(1,) * axes,
        padding=tuple(axis.taps - 1 - axis.left_out for axis in phases),
        dilation=(1,) * axes,
        groups=groups,
    )
    if math.prod(block) > 1:
        y = call.emit("depth_to_space", y, block=block)
    for axis, cut in enumerate(phases, start=2):
        if cut.start or cut.stop:
            y = call.emit("slice", y, axis=axis, start=cut.start, stop=cut.stop, step=1)
    return y


def _dilated(weight: Tensor, dilation: Sequence[int]) -> Tensor:
    """The weight with zeros in its gaps."""
    sizes = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    wide = weight.new_zeros(*weight.shape[:2], *sizes)
    wide[(..., *(slice(None, None, d) for d in dilation))] = weight
    return wide


def _as_conv(weight: Tensor, phases: Sequence[_Phases], groups: int) -> Tensor:
    """[C, O / groups, *kernel] to [O * block, C / groups, *taps], the taps in reverse."""
    inputs, outputs = weight.shape[0] // groups, weight.shape[1]
    axes = len(phases)
    whole = weight.new_zeros(*weight.shape[:2], *(axis.taps * axis.stride for axis in phases))
    whole[(..., *(slice(size) for size in weight.shape[2:]))] = weight
    parts = [n for axis in phases for n in (axis.taps, axis.stride)]
    split = whole.reshape(groups, inputs, outputs, *parts)
    taps, strides = range(3, 3 + 2 * axes, 2), range(4, 4 + 2 * axes, 2)
    turned = split.permute(0, 2, *strides, 1, *taps)
    turned = turned.flip(*range(-axes, 0))
    return turned.reshape(-1, inputs, *(axis.taps for axis in phases)).contiguous()


def resize(mode: str) -> Any:
    """Interpolation by a factor or to a size, `nearest` or `linear`."""

    def capture(call: Call) -> Ref:
        x = call.get("input", call.get("self"))
        space = call.shape(x)[2:]
        call.batched(x, len(space))
        ratios = [Fraction(1)] * len(space)
        factors = call.get("scale_factors")
        for axis, size in enumerate(space):
            ratios[axis] = (
                Fraction(factors[axis]).limit_denominator(1000)
                if factors
                else _ratio(call, size, call["output_size"][axis])
            )
        return call.emit(
            "resize",
            x,
            up=tuple(ratio.numerator for ratio in ratios),
            down=tuple(ratio.denominator for ratio in ratios),
            mode=mode,
            corners=bool(call.get("align_corners", False)),
        )

    return capture


def _ratio(call: Call, before: Size, after: Size) -> Fraction:
    if isinstance(before, int) and isinstance(after, int):
        return Fraction(after, before)
    for times in range(1, _MOST_TIMES):
        if may_equal(before * times, after):
            return Fraction(times)
    raise FreeSizeError(
        f"{call.where} goes from size {before} to {after}, which is no fixed factor."
    )


def pixel_shuffle(call: Call) -> Ref:
    """Channels become pixels.

    Source: Shi et al. 2016, arXiv:1609.05158.
    """
    call.batched(call["self"], 2)
    factor = call.fixed(call["upscale_factor"])
    return call.emit("depth_to_space", call["self"], block=(factor, factor))
