"""The rule against brute force, the network's size and reach, and what counts as right."""

import itertools
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tenth.demo import life
from tenth.errors import InputError


def by_hand(board: np.ndarray) -> np.ndarray:
    """The rule cell by cell, as Gardner tells it."""
    height, width = board.shape
    after = np.zeros_like(board)
    for row, column in itertools.product(range(height), range(width)):
        around = [
            board[i, j]
            for i in range(max(0, row - 1), min(height, row + 2))
            for j in range(max(0, column - 1), min(width, column + 2))
            if (i, j) != (row, column)
        ]
        living = sum(around)
        survives = board[row, column] == 1 and living in (2, 3)
        is_born = board[row, column] == 0 and living == 3
        after[row, column] = survives or is_born
    return after


def by_weights() -> life.LifeNet:
    """The exact net of m = 1: v = neighbours + self / 2, alive for v = 2.5, 3 and 3.5 alone."""
    net = life.LifeNet(1)
    values = {
        "layers.0.weight": torch.ones(2, 1, 3, 3),
        "layers.0.bias": torch.tensor([0.0, -3.5]),
        "layers.2.weight": torch.tensor([-2.0, -2.0]).reshape(1, 2, 1, 1),
        "layers.2.bias": torch.tensor([1.0]),
        "layers.4.weight": torch.full((1, 1, 1, 1), 20.0),
        "layers.4.bias": torch.tensor([-10.0]),
    }
    values["layers.0.weight"][:, :, 1, 1] = 0.5
    values["layers.0.weight"][0] *= -1
    values["layers.0.bias"][0] = 2.5
    net.load_state_dict(values)
    return net


@given(
    st.integers(1, 7).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, 1), min_size=width, max_size=width), min_size=1, max_size=7
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_rule_is_brute_force(rows: list[list[int]]) -> None:
    board = np.array(rows)
    after = life.step(torch.tensor(rows, dtype=torch.float32)[None, None])
    assert after.dtype == torch.float32
    np.testing.assert_array_equal(after[0, 0].numpy(), by_hand(board))


def test_beyond_the_edge_all_is_dead() -> None:
    full = life.step(torch.ones(1, 1, 4, 4))[0, 0]
    corners = torch.zeros(4, 4)
    corners[[0, 0, -1, -1], [0, -1, 0, -1]] = 1
    assert full.equal(corners)


def test_neighbourhoods_are_all_and_different() -> None:
    cells = life.neighbourhoods()
    assert cells.shape == (512, 1, 3, 3)
    assert len(cells.flatten(1).unique(dim=0)) == 512
    assert cells[0b101].flatten().tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_smallest_net_has_23n_plus_2_parameters(n: int) -> None:
    assert sum(p.numel() for p in life.LifeNet(1, n).parameters()) == 23 * n + 2


@pytest.mark.parametrize("m", [1, 3, 16])
def test_weights_are_counted(m: int) -> None:
    counted = sum(p.numel() for p in life.LifeNet(m).parameters() if p.ndim > 1)
    assert life.weights(m) == counted
    assert life.weights(16) == 816


@pytest.mark.parametrize(("limit", "m"), [(21, 1), (45, 1), (46, 2), (81, 3), (816, 16)])
def test_widest_net_fits(limit: int, m: int) -> None:
    net = life.widest(limit)
    assert sum(p.numel() for p in net.parameters() if p.ndim > 1) == life.weights(m) <= limit


@pytest.mark.parametrize("limit", [20, 0, -1])
def test_widest_refuses_what_no_net_fits(limit: int) -> None:
    with pytest.raises(InputError, match="at least 21"):
        life.widest(limit)


@pytest.mark.parametrize("size", [(0, 1), (1, 0), (-2, 1)])
def test_net_refuses_no_filters_and_no_generations(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="at least 1"):
        life.LifeNet(*size)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (32, 32)])
def test_net_takes_boards_of_any_size(shape: tuple[int, int]) -> None:
    boards = life.boards(torch.Generator().manual_seed(0), 2, size=40)[:, :, : shape[0], : shape[1]]
    chances = life.LifeNet(2)(boards)
    assert chances.shape == boards.shape
    assert 0 <= chances.min() <= chances.max() <= 1


def test_exact_net_is_right_everywhere() -> None:
    net = by_weights()
    assert life.exact(net) == 512
    assert life.score(net, "val") == life.score(net, "test") == 1.0


def test_dead_net_is_right_where_nothing_lives_on() -> None:
    # 8 choose 3 neighbourhoods of a dead cell, 8 choose 2 and 8 choose 3 of a living one
    assert life.exact(Everywhere(0.0)) == 512 - 56 - 28 - 56
    assert life.exact(Everywhere(1.0)) == 140


def test_undecided_is_dead_and_nan_is_wrong() -> None:
    assert life.exact(Everywhere(0.5)) == life.exact(Everywhere(0.0))
    assert life.exact(Everywhere(float("nan"))) == 0


def test_looking_leaves_the_mode_as_it_was() -> None:
    net = life.LifeNet(1)
    life.exact(net.train())
    assert net.training
    life.exact(net.eval())
    assert not net.training


class Everywhere(nn.Module):
    """The same probability for every cell."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, boards: Tensor) -> Tensor:
        return torch.full_like(boards, self.chance)


def test_batches_follow_their_seed() -> None:
    first, again, other = (list(life.batches(seed)) for seed in (3, 3, 4))
    assert len(first) == 100
    for (before, after), (same, _), (different, _) in zip(first, again, other, strict=True):
        assert before.shape == after.shape == (8, 1, 32, 32)
        assert before.equal(same)
        assert not before.equal(different)
        assert after.equal(life.step(before))
    share = torch.cat([before for before, _ in first]).mean().item()
    assert abs(share - 0.38) < 0.004  # 8 standard errors of 819,200 cells


def test_loss_is_finite_for_a_net_that_is_surely_wrong() -> None:
    net = by_weights()
    with torch.no_grad():
        cast(nn.Conv2d, net.layers[4]).weight.mul_(-1000)
    value = life.loss(net, next(iter(life.batches(0))))
    assert torch.isfinite(value)
    assert value > 100


def test_loss_is_cross_entropy_of_the_probabilities() -> None:
    torch.manual_seed(0)
    net, batch = life.LifeNet(2).double(), next(iter(life.batches(0)))
    before, after = (part.double() for part in batch)
    chances = net(before)
    by_definition = -(after * chances.log() + (1 - after) * (1 - chances).log()).mean()
    torch.testing.assert_close(life.loss(net, (before, after)), by_definition)


def test_task_is_whole_and_its_wide_net_learns() -> None:
    task = life.task()
    task.check()
    assert (task.steps, task.target) == (600, 1.0)
    torch.manual_seed(0)
    net = task.model()
    optimizer = task.optimizer(net.parameters())
    for batch in itertools.islice(task.batches(0), 100):
        optimizer.zero_grad()
        task.loss(net, batch).backward()
        optimizer.step()
    assert task.score(net, "val") == task.score(net, "test") == 1.0
