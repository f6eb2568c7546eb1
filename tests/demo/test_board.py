"""Patterns that must do what they are famous for, the rule, and frames in a terminal."""

import io

import numpy as np
import pytest
import torch
from rich.console import Console

from tenth.demo import board, life
from tenth.errors import InputError


def after(cells: np.ndarray, generations: int) -> np.ndarray:
    return list(board.frames(cells, generations))[-1]


def test_rule_is_that_of_the_task() -> None:
    boards = life.boards(torch.Generator().manual_seed(1), 5, size=17)
    ours = board.step(boards[:, 0].numpy().astype(np.uint8))
    np.testing.assert_array_equal(ours, life.step(boards)[:, 0].numpy())
    for one, cells in zip(ours, boards[:, 0].numpy(), strict=True):
        np.testing.assert_array_equal(board.step(cells.astype(np.uint8)), one)


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 5)])
def test_rule_works_on_the_smallest_boards(shape: tuple[int, int]) -> None:
    assert board.step(np.ones(shape, np.uint8)).sum() == max(0, min(1, shape[0]) * (shape[1] - 2))


def test_block_stays() -> None:
    cells = board.place(board.pattern(board.BLOCK), height=4, width=4)
    np.testing.assert_array_equal(board.step(cells), cells)


def test_blinker_turns() -> None:
    cells = board.place(board.pattern(board.BLINKER), height=5, width=5, top=2)
    np.testing.assert_array_equal(board.step(cells), cells.T)
    np.testing.assert_array_equal(after(cells, 2), cells)


def test_glider_flies_one_cell_in_four_generations() -> None:
    cells = board.place(board.pattern(board.GLIDER), height=12, width=12)
    np.testing.assert_array_equal(after(cells, 4), np.roll(cells, (1, 1), (0, 1)))


def test_gun_gives_a_glider_every_30_generations() -> None:
    # large enough that no glider reaches the edge meanwhile
    gun = board.glider_gun(120)
    assert gun.sum() == 36
    populations = [int(cells.sum()) for cells in board.frames(gun, 4 * board.GUN_PERIOD)]
    assert populations[:: board.GUN_PERIOD] == [36, 41, 46, 51, 56]
    rows, columns = board.pattern(board.GLIDER_GUN).shape
    later = after(gun, board.GUN_PERIOD)
    np.testing.assert_array_equal(
        later[1 : 1 + rows, 1 : 1 + columns], gun[1 : 1 + rows, 1 : 1 + columns]
    )


def test_gun_still_fires_after_a_thousand_generations_on_the_small_board() -> None:
    cells = after(board.glider_gun(), 990)
    rows, columns = board.pattern(board.GLIDER_GUN).shape
    gun = board.pattern(board.GLIDER_GUN)
    np.testing.assert_array_equal(cells[1 : 1 + rows, 1 : 1 + columns], gun)
    assert cells.sum() > gun.sum()


def test_frames_begin_with_the_board_and_leave_it_alone() -> None:
    gun = board.glider_gun()
    before = gun.copy()
    shown = list(board.frames(gun, 3))
    assert len(shown) == 4
    np.testing.assert_array_equal(shown[0], before)
    np.testing.assert_array_equal(gun, before)


@pytest.mark.parametrize(("top", "left"), [(-1, 0), (0, 2), (2, 0)])
def test_pattern_must_fit(top: int, left: int) -> None:
    with pytest.raises(InputError, match="inside a board of 4×4 cells"):
        board.place(np.ones((3, 3), np.uint8), height=4, width=4, top=top, left=left)


def test_short_lines_of_a_drawing_end_dead() -> None:
    np.testing.assert_array_equal(board.pattern("O\n.OO"), [[1, 0, 0], [0, 1, 1]])


def test_render_draws_two_rows_a_line() -> None:
    cells = np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 0]], np.uint8)
    assert board.render(cells) == " ▀▄█\n▀   "


def test_animation_shows_every_frame_cut_to_the_terminal() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=40, height=6)
    board.animate(board.frames(board.glider_gun(), 2), console, frames_a_second=1e6)
    text = shown.getvalue()
    assert all(f"generation {i}" in text for i in range(3))
    assert max(len(line) for line in text.splitlines() if "▀" in line) < 60


def test_animation_is_silent_where_there_is_no_terminal() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=False)

    def untouched():
        raise AssertionError("looked at")
        yield

    board.animate(untouched(), console)
    assert shown.getvalue() == ""
