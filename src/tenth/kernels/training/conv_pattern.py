"""The order in which kept weights of a convolution are multiplied: by blocks of source channels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenth.errors import InputError, must
from tenth.kernels.training.conv_planes import Grid, Integers

BLOCK = 32
"""Source channels whose tiles are read by turns: what three rows of a tile need fits near."""
_NEAR_FLOATS = 1 << 15


@dataclass(frozen=True)
class Kept:
    """Kept weights in the order of the values: source and result channel, and tap in the kernel."""

    source: Integers
    result: Integers
    tap: Integers


@dataclass(frozen=True)
class Pattern:
    """Arrays as the kernels take them; see conv.h."""

    parts: NDArray[np.int64]
    block: Integers
    row: Integers
    start: Integers
    offset: Integers
    slot: Integers


def pattern(
    kept: Kept, grids: Sequence[Grid], *, sources: int, results: int, positions: int, across: int
) -> Pattern:
    """The pattern of kept weights for these grids; `positions` are from source channel to channel.

    Raises:
        InputError: the panel is too large for offsets of 32 bits.

    Cost: sorts the kept weights once.
    """
    size = sources * positions * across
    if size >= 2**31:
        raise InputError(must("numbers in a panel of images", "fewer than 2**31", size))
    blocks = -(-sources // BLOCK)
    parts: list[list[int]] = []
    none: Integers = np.zeros(0, np.int32)  # where no tap reads any input there are no grids
    rows: list[Integers] = [none]
    lengths: list[Integers] = [none]
    offsets: list[Integers] = [none]
    slots: list[Integers] = [none]
    counts: list[Integers] = [none]
    for grid in grids:
        slot = np.flatnonzero(grid.used.flatten()[kept.tap])
        offset = kept.source[slot] * positions + grid.taps.flatten()[kept.tap[slot]]
        segment = kept.source[slot] // BLOCK * results + kept.result[slot]
        order = np.lexsort((offset, segment))
        length = np.bincount(segment, minlength=blocks * results)
        used = np.flatnonzero((length > 0) | (np.arange(length.size) < results))
        run = grid.columns * across
        stripe = max(1, _NEAR_FLOATS // (results * run))
        parts.append([grid.rows, run, stripe, grid.source * across, grid.source_pitch * across,
                      grid.result * across, run, len(parts) * blocks, blocks])  # fmt: skip
        rows.append(used % results)
        lengths.append(length[used])
        offsets.append(offset[order] * across)
        slots.append(slot[order])
        counts.append(np.bincount(used // results, minlength=blocks))
    return Pattern(
        np.array(parts, np.int64).reshape(-1, 9),
        _ends(counts),
        np.concatenate(rows).astype(np.int32),
        _ends(lengths),
        np.concatenate(offsets).astype(np.int32),
        np.concatenate(slots).astype(np.int32),
    )


def _ends(counts: Sequence[Integers]) -> Integers:
    """Where each of some ranges begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int32)
