"""Sparse convolutions of batches of images: forward, and the gradients of inputs and of values.

Each costs about the density: kept weights alone are multiplied, as single numbers times tiles of
images and pixels side by side. The gradient of the inputs is the same product with the transposed
pattern, so nothing is scattered; that of the values samples what the kept weights need.

Source: the offsets of taps in place of an unrolled input are those of Park et al. 2016,
arXiv:1608.01409; sparse products by tiles of pixels follow Elsen et al. 2019, arXiv:1911.09723.
"""

from ctypes import Structure, byref, c_int64, c_void_p
from dataclasses import dataclass
from typing import Any

from tenth.kernels.training.build import library
from tenth.kernels.training.conv_pattern import Kept, Pattern, pattern
from tenth.kernels.training.conv_planes import (
    Layout,
    Plane,
    Side,
    backward_layout,
    forward_layout,
)

_TILE = 8


class _Plane(Structure):
    _fields_ = (
        ("channels", c_int64),
        ("pixels", c_int64),
        ("positions", c_int64),
        ("place", c_void_p),
    )


class _Pattern(Structure):
    _fields_ = (
        ("parts", c_int64),
        ("kept", c_int64),
        *((name, c_void_p) for name in ("part", "block", "row", "start", "offset", "slot")),
    )


class _Plan(Structure):
    _fields_ = (("across", c_int64), ("source", _Plane), ("result", _Plane), ("pattern", _Pattern))


@dataclass(frozen=True)
class Shape:
    """A convolution of images of one size.

    height, width: its two dimensions; a convolution of sequences has height 1.
    inputs, outputs: channels of the images that it reads and makes.
    """

    inputs: int
    outputs: int
    height: Side
    width: Side


class ConvPlan:
    """Where everything stands for one mask, one size of images and about one size of batches.

    Args:
        shape: the convolution.
        kept: channels and tap of each value; source channels count across groups.
        images: how many images come at once; other numbers work, if less well.

    Cost: a sort of the kept weights, once; then 8 bytes for each of them, forward and backward.
    """

    def __init__(self, shape: Shape, kept: Kept, images: int) -> None:
        self.shape, self._made_of = shape, (shape, kept, images)
        across = images_across(shape.width.outputs, images)
        back = Kept(kept.result, kept.source, kept.tap)
        self._arrays: list[object] = []
        forward_, backward_ = (
            forward_layout(shape.height, shape.width, across),
            backward_layout(shape.height, shape.width, across),
        )
        self._forward = self._plan(forward_, kept, shape.inputs, shape.outputs, across)
        self._backward = self._plan(backward_, back, shape.outputs, shape.inputs, across)

    def _plan(self, layout: Layout, kept: Kept, sources: int, results: int, across: int) -> _Plan:
        made = pattern(
            kept,
            layout.grids,
            sources=sources,
            results=results,
            positions=layout.source.positions,
            across=across,
        )
        self._arrays += [made, layout]
        return _Plan(
            across, _plane(sources, layout.source), _plane(results, layout.result), _arrays(made)
        )

    def __reduce__(self) -> tuple[type["ConvPlan"], tuple[Shape, Kept, int]]:
        return ConvPlan, self._made_of  # addresses mean nothing elsewhere

    def forward(
        self, images: int, x: int, values: int, bias: int | None, y: int, threads: int
    ) -> None:
        """Write y [images, outputs, height, width] of x; all are addresses of float32 arrays.

        Raises:
            MemoryError: panels for all threads do not fit into memory.
        """
        call = _function("tenth_conv_forward", 7)
        if call(byref(self._forward), images, x, values, bias, y, threads):
            raise MemoryError("panels of a sparse convolution")

    def backward(  # noqa: PLR0913  addresses and sizes, as C takes them
        self,
        images: int,
        gradient: int,
        x: int,
        values: int,
        x_gradient: int | None,
        values_gradient: int | None,
        threads: int,
    ) -> None:
        """Write the gradients of x and of the values from that of y; None leaves one out.

        Raises:
            MemoryError: panels for all threads do not fit into memory.
        """
        call = _function("tenth_conv_backward", 9)
        plans = byref(self._forward), byref(self._backward)
        if call(*plans, images, gradient, x, values, x_gradient, values_gradient, threads):
            raise MemoryError("panels of a sparse convolution")


def images_across(columns: int, images: int) -> int:
    """How many images stand side by side, so that a row of results fills a tile's vectors."""
    lanes = max(8, int(_function("tenth_conv_lanes", 0)()))
    across = lanes
    while across < min(images, lanes * _TILE) and columns * across < lanes * _TILE:
        across *= 2
    return across


def _function(name: str, arguments: int) -> Any:
    call = getattr(library(), name)
    call.restype = c_int64
    call.argtypes = [c_void_p] * arguments  # whole numbers and addresses: eight bytes each
    return call


def _plane(channels: int, plane: Plane) -> _Plane:
    return _Plane(channels, plane.place.size, plane.positions, plane.place.ctypes.data)


def _arrays(made: Pattern) -> _Pattern:
    arrays = made.parts, made.block, made.row, made.start, made.offset, made.slot
    return _Pattern(len(made.parts), made.slot.size, *(array.ctypes.data for array in arrays))
