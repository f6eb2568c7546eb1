"""Conway's Game of Life: the rule, the network of Springer & Kenyon, and the task of learning it.

A cell's next state depends on nine cells, itself and its neighbours, so the whole rule is a table
of 512 neighbourhoods. A network that is right on all of them is right on every board: "it learned"
can be proved, not estimated. Boards are float32 of shape [N, 1, H, W], 1 alive and 0 dead, and all
cells beyond the edge are dead, for ever.
"""

from collections.abc import Iterable, Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam

from tenth.errors import InputError, must
from tenth.task import Task

ALIVE = 0.38  # the paper's critical share of living cells: learning is easiest there
NEIGHBOURHOODS = 512

_SIZE = 32
_BOARDS_A_BATCH = 8
_BATCHES_AN_EPOCH = 100
_TEST_BOARDS = 64
_TEST_SEED = 0x7E57_B0A2D5  # far from the small seeds of training runs


def step(boards: Tensor) -> Tensor:
    """The next generation: alive with 3 living neighbours, or with 2 if it is alive already."""
    ring = torch.ones(1, 1, 3, 3, device=boards.device)
    ring[0, 0, 1, 1] = 0
    neighbours = functional.conv2d(boards, ring, padding=1)
    return ((neighbours == 3) | ((neighbours == 2) & (boards == 1))).float()


def boards(
    generator: torch.Generator, count: int, *, size: int = _SIZE, alive: float = ALIVE
) -> Tensor:
    """Random boards [count, 1, size, size] whose cells live with probability `alive`."""
    return (torch.rand(count, 1, size, size, generator=generator) < alive).float()


def neighbourhoods() -> Tensor:
    """All boards of 3×3 cells, [512, 1, 3, 3]: the pattern of board i is i in binary."""
    bits = torch.arange(NEIGHBOURHOODS)[:, None] >> torch.arange(9)
    return (bits & 1).float().reshape(NEIGHBOURHOODS, 1, 3, 3)


class LifeNet(nn.Module):
    """Boards in, the probability of each cell being alive `n` generations later out.

    Per generation a 3×3 convolution to 2m filters, ReLU, a 1×1 convolution to m, ReLU; at the end
    a 1×1 convolution to one logit, and a sigmoid. With m = 1 this is the smallest net of its kind
    that can play Life, of 23n + 2 parameters; a larger m makes it over-complete.

    Raises:
        InputError: `m` or `n` is below 1.
    Source: Springer & Kenyon 2020, arXiv:2009.01398.
    """

    def __init__(self, m: int, n: int = 1) -> None:
        super().__init__()
        for name, value in (("m", m), ("n", n)):
            if value < 1:
                raise InputError(must(f"LifeNet {name}", "at least 1", value))
        layers: list[nn.Module] = []
        inputs = 1
        for _ in range(n):
            layers += [nn.Conv2d(inputs, 2 * m, 3, padding=1), nn.ReLU()]
            layers += [nn.Conv2d(2 * m, m, 1), nn.ReLU()]
            inputs = m
        self.layers = nn.Sequential(*layers, nn.Conv2d(m, 1, 1))

    def logits(self, boards: Tensor) -> Tensor:
        """The log-odds of being alive: what the loss is computed from, safe for any weights."""
        return self.layers(boards)

    def forward(self, boards: Tensor) -> Tensor:
        """The probability of being alive."""
        return torch.sigmoid(self.logits(boards))


def weights(m: int) -> int:
    """The weights of `LifeNet(m)`, biases not counted: what pruning chooses from."""
    return 9 * 2 * m + 2 * m * m + m


def widest(limit: int) -> LifeNet:
    """The widest LifeNet of one generation with at most `limit` weights.

    Raises:
        InputError: not even m = 1 fits.
    """
    if limit < weights(1):
        raise InputError(must("weights of a LifeNet", f"at least {weights(1)}", limit))
    m = 1
    while weights(m + 1) <= limit:
        m += 1
    return LifeNet(m)


@torch.no_grad()
def right(model: nn.Module, before: Tensor) -> Tensor:
    """Which cells of the next generation `model` gets right; a NaN is wrong. Same shape, bool."""
    mode = model.training
    try:
        alive = model.eval()(before)
    finally:
        model.train(mode)
    return torch.where(step(before) == 1, alive > 0.5, alive <= 0.5)


def exact(model: nn.Module) -> int:
    """How many of the 512 neighbourhoods `model` gets right; at 512 it is right on every board.

    For a model of one generation that, like LifeNet, sees nothing but a cell and its neighbours.
    """
    return int(right(model, neighbourhoods())[:, 0, 1, 1].sum())


def batches(seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """An epoch: 100 batches of 8 random boards and their next generations."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(_BATCHES_AN_EPOCH):
        before = boards(generator, _BOARDS_A_BATCH)
        yield before, step(before)


def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Binary cross-entropy in nats a cell."""
    before, after = batch
    # from the logits: a sigmoid that rounds to 0 or 1 has no logarithm
    logits = cast(LifeNet, model).logits(before)
    return functional.binary_cross_entropy_with_logits(logits, after)


def score(model: nn.Module, split: str) -> float:
    """On "val" the share of the 512 neighbourhoods, on "test" that of the cells of fresh boards."""
    if split == "val":
        return exact(model) / NEIGHBOURHOODS
    generator = torch.Generator().manual_seed(_TEST_SEED)
    return right(model, boards(generator, _TEST_BOARDS)).double().mean().item()


def _adam(parameters: Iterable[nn.Parameter]) -> Adam:
    return Adam(parameters, lr=1e-2)


def task(m: int = 16) -> Task:
    """Learn one generation of Life with LifeNet(m), until all 512 neighbourhoods are right."""
    return Task(
        name=f"game of life, m={m}",
        model=lambda: LifeNet(m),
        batches=batches,
        loss=loss,
        score=score,
        example=(torch.zeros(1, 1, _SIZE, _SIZE),),
        optimizer=_adam,
        small=widest,
        steps=600,
        target=1.0,
    )
