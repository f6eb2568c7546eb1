"""Where pixels stand while a sparse convolution runs, and how far its taps are.

The kernels see a panel of images as [channel][position][image]. A plane is laid out so that, for a
whole row of results, a tap of the kernel is one fixed distance away: zeros stand around it, and
with a stride s its rows and columns are dealt to s x s phases, so that neighbours are neighbours.

Along one dimension: result j reads pixel j * stride + tap * dilation - padding. What holds for rows
holds for columns, so everything is said for one `Side` and then crossed.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Side:
    """One dimension of a convolution: sizes of its input and output, and what lies between."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: int
    dilation: int

    @cached_property
    def phases(self) -> list[int]:
        """The remainders by the stride at which some tap reads."""
        return sorted({tap * self.dilation % self.stride for tap in range(self.kernel)})

    @cached_property
    def steps(self) -> Integers:
        """How many results further each tap reads within its phase."""
        return np.arange(self.kernel) * self.dilation // self.stride

    @cached_property
    def phase_of_tap(self) -> Integers:
        """The number of each tap's phase among the phases."""
        return np.searchsorted(self.phases, np.arange(self.kernel) * self.dilation % self.stride)

    @cached_property
    def length(self) -> int:
        """How many places a phase of the input takes, zeros at its ends included."""
        return self.outputs + int(self.steps[-1])

    @cached_property
    def place(self) -> tuple[Integers, Integers]:
        """Phase and place in it of each input; phase -1 for what no result reads."""
        at = np.arange(self.inputs) + self.padding
        phase = np.searchsorted(self.phases, at % self.stride)
        found = np.isin(at % self.stride, self.phases) & (at // self.stride < self.length)
        return np.where(found, phase, -1), at // self.stride

    def first(self, remainder: int) -> int:
        """The first step of a phase at which an input stands, zeros left out."""
        return max(0, -(-(self.padding - remainder) // self.stride))

    def count(self, remainder: int) -> int:
        """How many inputs a phase has."""
        last = (self.inputs - 1 + self.padding - remainder) // self.stride
        return max(0, last + 1 - self.first(remainder))

    @cached_property
    def lead(self) -> int:
        """Zeros before the outputs, so that every input finds all outputs that read it."""
        reach = [
            int(step) - self.first(self.phases[phase])
            for step, phase in zip(self.steps, self.phase_of_tap, strict=True)
        ]
        return max(0, *reach)

    @cached_property
    def extent(self) -> int:
        """How many places the outputs take, zeros at both ends included."""
        ends = [
            self.first(self.phases[phase]) + self.count(self.phases[phase]) - int(step)
            for step, phase in zip(self.steps, self.phase_of_tap, strict=True)
        ]
        return self.lead + max(self.outputs, *ends)


@dataclass(frozen=True)
class Plane:
    """Pixels of one channel in a panel: `place` holds the position of each, or -1."""

    place: Integers
    positions: int


@dataclass(frozen=True)
class Grid:
    """Results that are computed alike: a rectangle of positions here and there.

    taps: distance of each tap of the kernel, in positions; used: whether the grid has this tap.
    """

    rows: int
    columns: int
    source: int
    source_pitch: int
    result: int
    taps: Integers
    used: NDArray[np.bool_]


@dataclass(frozen=True)
class Layout:
    """A convolution as products of planes: its source, its result, and the grids between."""

    source: Plane
    result: Plane
    grids: tuple[Grid, ...]


def forward_layout(height: Side, width: Side, across: int) -> Layout:
    """The layout of a convolution for panels of `across` images."""
    (row_phase, row), (column_phase, column) = height.place, width.place
    phase = row_phase[:, None] * len(width.phases) + column_phase
    place = (phase * height.length + row[:, None]) * width.length + column
    place[(row_phase[:, None] < 0) | (column_phase < 0)] = -1
    phases = len(height.phases) * len(width.phases)
    tap_phase = height.phase_of_tap[:, None] * len(width.phases) + width.phase_of_tap
    taps = (tap_phase * height.length + height.steps[:, None]) * width.length + width.steps
    grid = Grid(height.outputs, width.outputs, 0, width.length, 0, taps, np.ones(taps.shape, bool))
    pixels = np.arange(height.outputs * width.outputs)
    return Layout(
        _plane(place, phases * height.length * width.length, across),
        _plane(pixels, pixels.size, across),
        (grid,),
    )


def backward_layout(height: Side, width: Side, across: int) -> Layout:
    """The layout of its gradient: from that of the outputs to that of the inputs."""
    row = np.arange(height.outputs)[:, None] + height.lead
    outputs = row * width.extent + np.arange(width.outputs) + width.lead
    inputs = np.full((height.inputs, width.inputs), -1)
    taps = -(height.steps[:, None] * width.extent + width.steps)
    grids: list[Grid] = []
    total = 0
    for i, down in enumerate(height.phases):
        for j, right in enumerate(width.phases):
            shape = rows, columns = height.count(down), width.count(right)
            if not rows * columns:
                continue
            top, left = height.first(down), width.first(right)
            used = (height.phase_of_tap[:, None] == i) & (width.phase_of_tap == j)
            source = (top + height.lead) * width.extent + left + width.lead
            grids.append(Grid(rows, columns, source, width.extent, total, taps, used))
            first = (
                top * height.stride + down - height.padding,
                left * width.stride + right - width.padding,
            )
            inputs[first[0] :: height.stride, first[1] :: width.stride] = total + np.arange(
                rows * columns
            ).reshape(shape)
            total += rows * columns
    return Layout(
        _plane(outputs, height.extent * width.extent, across),
        _plane(inputs, total, across),
        tuple(grids),
    )


def _plane(place: Integers, positions: int, across: int) -> Plane:
    """A plane whose channels are an odd number of cache lines apart.

    Planes of powers of two would share a few places of the cache.
    """
    line = max(16, across)
    while positions * across % line or positions * across // line % 2 == 0:
        positions += 1
    return Plane(np.ascontiguousarray(place.flatten(), np.int32), positions)
