"""Many small nets trained as one: LifeNets of one shape side by side in each tensor.

A net of 25 parameters leaves a processor idle; 64 of them as one batched computation do not. Each
net has its own weights, its own loss and, since Adam works weight by weight, its own optimizer. A
net that passes the test leaves, so the others no longer pay for it.

The first generation of any board reads 3×3 cells, of which there are only 512 kinds: it is computed
on the table of neighbourhoods and looked up for each cell.
"""

import math
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam

from tenth.demo import life
from tenth.errors import InputError, must

Init = Literal["gaussian", "he"]


class Cohort:
    """`nets` LifeNets of width `m` for `n` generations, each with weights of its own.

    Args:
        init: "gaussian" draws all weights and biases from N(0, 1); "he" draws weights from
            N(0, 2 / inputs) and leaves biases at 0.

    Raises:
        InputError: `init` is neither.
    """

    def __init__(
        self, nets: int, m: int, n: int, *, init: Init, generator: torch.Generator
    ) -> None:
        if init not in ("gaussian", "he"):
            raise InputError(must("init", '"gaussian" or "he"', repr(init)))
        self.m, self.n = m, n
        shapes = [(2 * m, 1, 3, 3), (m, 2 * m, 1, 1)]
        shapes += [(2 * m, m, 3, 3), (m, 2 * m, 1, 1)] * (n - 1) + [(1, m, 1, 1)]
        self.parameters: list[Tensor] = []
        for outputs, *inputs in shapes:
            weight = torch.randn(nets, outputs, *inputs, generator=generator)
            bias = torch.randn(nets, outputs, 1, generator=generator)
            if init == "he":
                weight *= math.sqrt(2 / math.prod(inputs))
                bias.zero_()
            self.parameters += [weight.requires_grad_(), bias.requires_grad_()]

    def __len__(self) -> int:
        return len(self.parameters[0])

    def keep(self, rows: Tensor) -> None:
        """Let all nets go but those of `rows`, a mask or a list of places."""
        self.parameters = [p.detach()[rows].requires_grad_() for p in self.parameters]

    def net(self, place: int) -> life.LifeNet:
        """One of the nets as a module of its own."""
        net = life.LifeNet(self.m, self.n)
        with torch.no_grad():
            for own, stacked in zip(net.parameters(), self.parameters, strict=True):
                own.copy_(stacked[place].reshape(own.shape))
        return net

    def table(self) -> Tensor:
        """What the first generation's layers make of each neighbourhood, [nets, m, 512]."""
        cells = life.neighbourhoods().reshape(1, life.NEIGHBOURHOODS, 9).mT
        hidden = torch.relu(self._mix(cells.expand(len(self), -1, -1), 0))
        return torch.relu(self._mix(hidden, 1))

    def table_logits(self) -> Tensor:
        """Log-odds of being alive for each neighbourhood, [nets, 512]; for n = 1."""
        return self._mix(self.table(), -1)[:, 0]

    def logits(self, boards: Tensor) -> Tensor:
        """Log-odds of being alive `n` generations later; [N, 1, H, W] gives [nets, N, H, W]."""
        count, _, height, width = boards.shape
        nets, m = len(self), self.m
        hidden = self.table().index_select(2, kinds(boards).flatten())
        for generation in range(1, self.n):
            weight, bias = self.parameters[4 * generation : 4 * generation + 2]
            planes = hidden.reshape(nets * m, count, height, width).transpose(0, 1)
            planes = functional.conv2d(
                planes, weight.flatten(0, 1), bias.flatten(), padding=1, groups=nets
            )
            hidden = torch.relu(planes.transpose(0, 1).reshape(nets, 2 * m, -1))
            hidden = torch.relu(self._mix(hidden, 2 * generation + 1))
        return self._mix(hidden, -1).reshape(nets, count, height, width)

    def _mix(self, inputs: Tensor, layer: int) -> Tensor:
        """A layer that looks at one cell: [nets, I, cells] gives [nets, O, cells]."""
        weight = self.parameters[2 * layer]
        bias = self.parameters[2 * layer + 1]
        return torch.baddbmm(bias, weight.flatten(2), inputs)


def kinds(boards: Tensor) -> Tensor:
    """Which of the 512 neighbourhoods each cell sits in, as `life.neighbourhoods` numbers them."""
    powers = 2.0 ** torch.arange(9).reshape(1, 1, 3, 3)
    return functional.conv2d(boards, powers, padding=1)[:, 0].long()


class Subject(Protocol):
    """What a cohort learns, and the test it must pass."""

    def loss(self, cohort: Cohort) -> Tensor:
        """The loss of each net, [nets], on the next lesson."""
        ...

    def passed(self, cohort: Cohort) -> Tensor:
        """Which nets are right everywhere, [nets], bool."""
        ...


class Table:
    """One generation, learned from all 512 neighbourhoods at once.

    Each weighs as much as it is frequent on a board whose cells live with probability `alive`: the
    loss is the expectation of the loss on random boards, free of noise. A net passes if it is right
    on all 512.
    """

    def __init__(self, alive: float = life.ALIVE) -> None:
        cells = life.neighbourhoods()
        living = cells.sum((1, 2, 3))
        self.frequency = alive**living * (1 - alive) ** (9 - living)
        self.truth = life.step(cells)[:, 0, 1, 1]

    def loss(self, cohort: Cohort) -> Tensor:
        """The expected cross-entropy of each net."""
        logits = cohort.table_logits()
        return _cross_entropy(logits, self.truth) @ self.frequency

    def passed(self, cohort: Cohort) -> Tensor:
        """Which nets are right on all 512 neighbourhoods."""
        return _right(cohort.table_logits(), self.truth)


class Boards:
    """`n` generations, learned from fresh random boards at each step.

    All nets of a cohort see the same boards. A net passes if it is right on every cell of
    `test_boards` boards that no net learned from.
    """

    def __init__(
        self, n: int, *, boards: int, size: int, test_boards: int, generator: torch.Generator
    ) -> None:
        self.n, self.boards, self.size, self.generator = n, boards, size, generator
        self.test = self._draw(test_boards)

    def loss(self, cohort: Cohort) -> Tensor:
        """The cross-entropy of each net on fresh boards."""
        before, after = self._draw(self.boards)
        return _cross_entropy(cohort.logits(before), after).mean((1, 2, 3))

    def passed(self, cohort: Cohort) -> Tensor:
        """Which nets are right on every cell of the test boards."""
        before, after = self.test
        return _right(cohort.logits(before), after)

    def _draw(self, count: int) -> tuple[Tensor, Tensor]:
        before = after = life.boards(self.generator, count, size=self.size)
        for _ in range(self.n):
            after = life.step(after)
        return before, after[:, 0]


def _cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    truth = truth.expand_as(logits)
    return functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")


def _right(logits: Tensor, truth: Tensor) -> Tensor:
    return torch.where(truth == 1, logits > 0, logits <= 0).flatten(1).all(1)


@dataclass(frozen=True)
class Recipe:
    """How a cohort is trained: `steps` of Adam at `rate`, with a test every so many steps."""

    rate: float
    steps: int
    test_every: int


def train(
    cohort: Cohort, subject: Subject, recipe: Recipe, *, stop: Event | None = None
) -> list[int | None]:
    """Train all nets; returns the step at which each first passed, None if it never did.

    Changes `cohort`: the nets that are left in it never passed. Setting `stop` ends it early.
    """
    first: list[int | None] = [None] * len(cohort)
    places = torch.arange(len(cohort))  # of the nets that still learn
    optimizer = Adam(cohort.parameters, lr=recipe.rate)
    for step in range(1, recipe.steps + 1):
        if stop is not None and stop.is_set():
            break
        optimizer.zero_grad()
        subject.loss(cohort).sum().backward()
        optimizer.step()
        if step % recipe.test_every and step != recipe.steps:
            continue
        with torch.no_grad():
            passed = subject.passed(cohort)
        if not passed.any():
            continue
        for place in places[passed].tolist():
            first[place] = step
        places = places[~passed]
        optimizer = _without(passed, cohort, optimizer)
        if not len(places):
            break
    return first


def _without(passed: Tensor, cohort: Cohort, optimizer: Adam) -> Adam:
    """Let the nets that passed go; returns the optimizer of the others, its memory kept."""
    memory = [optimizer.state[p] for p in cohort.parameters]
    cohort.keep(~passed)
    rest = Adam(cohort.parameters, lr=optimizer.param_groups[0]["lr"])
    for parameter, state in zip(cohort.parameters, memory, strict=True):
        rest.state[parameter] = {
            key: value[~passed] if key.startswith("exp_avg") else value
            for key, value in state.items()
        }
    return rest
