"""The shipped net at work: a glider gun for many generations, each one checked."""

from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import nn

from tenth.demo import board
from tenth.errors import CompileError
from tenth.figures import Figure
from tenth.receipt import BeforeAfter
from tenth.ship import Program

CALLS = 200  # of each of two programs, in turns


@dataclass
class Flight:
    """The boards that a program made, and how far its probabilities were from torch's."""

    boards: list[np.ndarray] = field(default_factory=list)
    largest_difference: float = 0.0


def fly(program: Program, model: nn.Module, generations: int) -> Flight:
    """Run a glider gun with the program; hold each generation against torch and against the rule.

    Raises:
        CompileError: a cell differs.
    """
    cells = board.glider_gun()
    flight = Flight([cells])
    for generation in range(1, generations + 1):
        asked = _asked(cells)
        by_program = np.asarray(program(asked))
        with torch.no_grad():
            by_torch = model(torch.from_numpy(asked)).numpy()
        after = (by_program[0, 0] > 0.5).astype(cells.dtype)
        for name, other in (("torch", by_torch[0, 0] > 0.5), ("the rule", board.step(cells))):
            if not np.array_equal(after, other):
                raise CompileError(f"Generation {generation} of a glider gun differs from {name}.")
        difference = float(np.abs(by_program - by_torch).max())
        flight.largest_difference = max(flight.largest_difference, difference)
        flight.boards.append(after)
        cells = after
    return flight


def race(before: Program, after: Program) -> BeforeAfter:
    """Seconds for a board of each program, timed in turns on one thread."""
    asked = _asked(board.glider_gun())
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(CALLS):
        for program, times in zip((before, after), seconds, strict=True):
            began = perf_counter()
            program(asked)
            times.append(perf_counter() - began)
    return BeforeAfter("time a board, as C", _figure(seconds[0]), _figure(seconds[1]))


def _asked(cells: np.ndarray) -> np.ndarray:
    return cells[None, None].astype(np.float32)


def _figure(seconds: list[float]) -> Figure:
    low, high = np.quantile(seconds, (0.05, 0.95))
    source = f"median of {len(seconds)} calls on one thread, a board of 64×64"
    return Figure(median(seconds), "s", float(low), float(high), "measured", source)
