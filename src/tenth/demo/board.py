"""Boards of Life to look at: patterns, the glider gun, the rule in numpy, and frames in a terminal.

A board here is a plain numpy array [H, W] of uint8, 1 alive and 0 dead, dead beyond the edge.
"""

import time
from collections.abc import Iterable, Iterator

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tenth.errors import InputError, must

# in plaintext form, as in the pattern collections: O alive, any other sign dead
BLOCK = """
OO
OO
"""
BLINKER = "OOO"
GLIDER = """
.O.
..O
OOO
"""
GLIDER_GUN = """
........................O...........
......................O.O...........
............OO......OO............OO
...........O...O....OO............OO
OO........O.....O...OO..............
OO........O...O.OO....O.O...........
..........O.....O.......O...........
...........O...O....................
............OO......................
"""
GUN_PERIOD = 30  # generations from one glider to the next

_HALVES = (" ", "▀", "▄", "█")


def pattern(text: str) -> np.ndarray:
    """The board of a drawing: one line a row, O alive.

    >>> pattern(GLIDER).tolist()
    [[0, 1, 0], [0, 0, 1], [1, 1, 1]]
    """
    rows = text.strip("\n").splitlines()
    width = max(map(len, rows), default=0)
    return np.array([[sign == "O" for sign in row.ljust(width)] for row in rows], np.uint8)


def place(shape: np.ndarray, *, height: int, width: int, top: int = 1, left: int = 1) -> np.ndarray:
    """An empty board of height × width with `shape` on it.

    Raises:
        InputError: `shape` does not fit there.
    """
    rows, columns = shape.shape
    if min(top, left) < 0 or top + rows > height or left + columns > width:
        got = f"{rows}×{columns} cells at ({top}, {left})"
        raise InputError(must("pattern", f"inside a board of {height}×{width} cells", got))
    board = np.zeros((height, width), np.uint8)
    board[top : top + rows, left : left + columns] = shape
    return board


def glider_gun(size: int = 64) -> np.ndarray:
    """A square board with Gosper's gun in the upper left: a new glider every 30 generations.

    Gliders fly to the lower right and come to grief at the edge.

    Source: Gosper 1970; https://conwaylife.com/wiki/Gosper_glider_gun.
    """
    return place(pattern(GLIDER_GUN), height=size, width=size)


def step(board: np.ndarray) -> np.ndarray:
    """The next generation: alive with 3 living neighbours, or with 2 if it is alive already.

    Works on any number of leading axes: [..., H, W].
    """
    height, width = board.shape[-2:]
    edges = [(0, 0)] * (board.ndim - 2) + [(1, 1), (1, 1)]
    padded = np.pad(board, edges)
    around = sum(
        padded[..., i : i + height, j : j + width]
        for i in range(3)
        for j in range(3)
        if (i, j) != (1, 1)
    )
    return ((around == 3) | ((around == 2) & (board == 1))).astype(board.dtype)


def frames(board: np.ndarray, generations: int) -> Iterator[np.ndarray]:
    """The board and its next `generations` generations by the true rule."""
    yield board
    for _ in range(generations):
        board = step(board)
        yield board


def render(board: np.ndarray) -> str:
    """The board as text, two rows a line in half blocks, so that cells look square.

    >>> print(render(pattern(GLIDER)).replace(" ", "."))
    .▀▄
    ▀▀▀
    """
    height, width = board.shape
    rows = np.zeros((height + height % 2, width), np.uint8)
    rows[:height] = board
    halves = rows[0::2] + 2 * rows[1::2]
    return "\n".join("".join(_HALVES[half] for half in line) for line in halves)


def animate(
    boards: Iterable[np.ndarray],
    console: Console,
    *,
    title: str = "generation",
    frames_a_second: float = 30.0,
) -> None:
    """Show boards one after another in a terminal; what does not fit is cut off.

    Where `console` is no terminal nothing is shown, and `boards` are not even looked at.
    """
    if not console.is_terminal:
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        for generation, board in enumerate(boards):
            lines = max(1, console.height - 2)
            shown = render(board[: 2 * lines, : console.width])
            live.update(Text(f"{shown}\n{title} {generation}", no_wrap=True), refresh=True)
            time.sleep(1 / frames_a_second)
