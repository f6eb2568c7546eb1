"""How the zeros of a weight stand: anywhere, N in M, in blocks, or in whole channels.

A pattern is named only if the zeros keep to it exactly and what it leaves is full: under random
zeros a block is hardly ever empty or full.
"""

from collections.abc import Iterator

import numpy as np

from tenth.layouts import NM, Block, Channel, Dense, Layout, Unstructured

_FEW = 0.01  # of a weight: fewer zeros are no pruning
_FULL = 0.99  # of what a pattern leaves
_SIDES = (32, 16, 8, 4, 2, 1)
_GROUPS = ((1, 4), (2, 8), (1, 2), (2, 4), (4, 8))  # the strictest first


def pattern(live: np.ndarray) -> Layout:
    """The strictest pattern that the zeros of a weight keep to.

    live: outputs × inputs, True where a number is not zero. Channels are rows or columns.
    """
    if live.size == 0 or live.mean() > 1 - _FEW:
        return Dense()
    if _is_channels(live):
        return Channel()
    for rows, columns in _blocks(live):
        if _is_blocks(live, rows, columns):
            return Block(rows, columns)
    for n, m in _GROUPS:
        if _is_groups(live, n, m) or _is_groups(live.T, n, m):
            return NM(n, m)
    return Unstructured()


def name(layout: Layout) -> str:
    """What people call a pattern.

    >>> name(NM(2, 4)), name(Block(4, 1)), name(Channel())
    ('2:4', 'blocks of 4×1', 'whole channels')
    """
    if isinstance(layout, NM):
        return f"{layout.n}:{layout.m}"
    if isinstance(layout, Block):
        return f"blocks of {layout.rows}×{layout.columns}"
    return {Dense: "none", Channel: "whole channels"}.get(type(layout), "anywhere")


def _is_channels(live: np.ndarray) -> bool:
    rows, columns = live.any(axis=1), live.any(axis=0)
    left = live[rows][:, columns]
    return left.size == 0 or (left.size < live.size and left.mean() >= _FULL)


def _blocks(live: np.ndarray) -> Iterator[tuple[int, int]]:
    """Sizes of blocks to try, the largest first; none if not even pairs are empty or full."""
    rows, columns = live.shape
    pairs = (rows % 2 == 0 and _is_blocks(live, 2, 1), columns % 2 == 0 and _is_blocks(live, 1, 2))
    if not any(pairs):
        return
    sizes = [(r, c) for r in _SIDES for c in _SIDES if r * c > 1]
    for size in sorted(sizes, key=lambda size: -size[0] * size[1]):
        if rows % size[0] == 0 and columns % size[1] == 0:
            yield size


def _is_blocks(live: np.ndarray, rows: int, columns: int) -> bool:
    high, wide = live.shape[0] // rows, live.shape[1] // columns
    filled = live.reshape(high, rows, wide, columns).mean(axis=(1, 3))
    some = filled[filled > 0]
    return some.size < filled.size and bool(some.mean() >= _FULL)


def _is_groups(live: np.ndarray, n: int, m: int) -> bool:
    if live.shape[1] % m:
        return False
    held = live.reshape(live.shape[0], -1, m).sum(axis=2)
    return bool(held.max() <= n and held.mean() >= _FULL * n)
