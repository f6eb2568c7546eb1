"""The study of Springer & Kenyon repeated: how often does a net of width m learn Life at all?

For each width 64 nets start from different random weights; a cell of the study is the share of them
that learned n generations. One generation is learned from the truth table, two from random boards.
Results are saved after each flock of nets, and a stopped study goes on there.

Source: Springer & Kenyon 2020, arXiv:2009.01398.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.table import Table as RichTable

from tenth import files
from tenth.catalogue import machine
from tenth.demo import curve
from tenth.demo.cohort import Boards, Cohort, Init, Recipe, Subject, Table, train
from tenth.demo.curve import Cell
from tenth.errors import FormatError, InputError, must
from tenth.receipt import facts

FORMAT = "tenth.study"
VERSION = 1
JSON_NAME = "study.json"
PICTURE_NAME = "study.svg"
INITS: tuple[Init, ...] = ("gaussian", "he")

DIFFERENCES = (
    "They train on a million random 32×32 boards in batches of 8. Our nets for one generation see "
    "all 512 neighbourhoods at each step, weighted by their frequency where 38 % of cells live: "
    "the expectation of the loss on such boards (their edges apart), without its noise.",
    "Their loss, optimiser, learning rate and initial scale are not known to us. Ours: "
    "cross-entropy, Adam at 0.01, up to 2,000 steps. For one generation two initial scales stand "
    "side by side: all weights and biases from N(0, 1), and He's. For two only He's: of 32 nets "
    "from N(0, 1), m = 4 and 8, 2 learned them in 1,500 steps.",
    "Success is ours to define: right on all 512 neighbourhoods at a test, made every 10 steps. "
    "For two generations: right on every cell of 64 unseen boards, tested every 100 steps.",
    "Two generations are learned from 2 fresh boards a step, up to 3,000 steps; the 16 nets of a "
    "flock see the same boards.",
)


_TABLE = Recipe(rate=1e-2, steps=2000, test_every=10)
_BOARDS = Recipe(rate=1e-2, steps=3000, test_every=100)


@dataclass(frozen=True)
class Design:
    """What is run: widths, recipes, and how many nets learn side by side.

    A flock for boards is smaller, since many nets on boards do not fit a processor's cache.
    """

    widths: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    table: Recipe = _TABLE
    table_flock: int = 32
    boards: Recipe = _BOARDS
    boards_flock: int = 16
    boards_a_step: int = 2
    board_size: int = 32
    test_boards: int = 64

    def flock(self, n: int) -> int:
        """How many nets for `n` generations learn side by side."""
        return self.table_flock if n == 1 else self.boards_flock

    def settings(self, n: int, seed: int) -> dict[str, Any]:
        """All that decides what a cell for `n` generations comes to, but its width."""
        shared = {"seed": seed, "flock": self.flock(n)}
        if n == 1:
            return shared | asdict(self.table)
        boards = ("boards_a_step", "board_size", "test_boards")
        return shared | asdict(self.boards) | {name: getattr(self, name) for name in boards}

    def subject(self, n: int, generator: torch.Generator) -> Subject:
        """What nets for `n` generations learn from."""
        if n == 1:
            return Table()
        return Boards(
            n,
            boards=self.boards_a_step,
            size=self.board_size,
            test_boards=self.test_boards,
            generator=generator,
        )


@dataclass
class StudyResult:
    """The cells of a study, and the folder they are kept in.

    left_out: widths for two generations that did not fit the time.
    """

    out: Path
    cells: list[Cell] = field(default_factory=list)
    left_out: tuple[int, ...] = ()

    def table(self) -> RichTable:
        """The cells beside the published values, for a terminal."""
        return curve.table(self.cells)

    def notes(self) -> list[str]:
        """What the study shows, what was left out, and where our set-up differs from theirs."""
        left_out = ", ".join(map(str, self.left_out))
        missing = (
            [f"Two generations, not run for want of time: m = {left_out}."] if left_out else []
        )
        return [*curve.verdicts(self.cells), *missing, *DIFFERENCES]

    def to_json(self) -> dict[str, Any]:
        """The form that is saved."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "published": curve.published(),
            "cells": [cell.to_json() for cell in self.cells],
            "notes": self.notes(),
            "software": facts.software(),
        }

    def save(self) -> None:
        """Write study.json and study.svg, each whole or not at all."""
        self.save_cells()
        curve.picture(self.cells, self.out / PICTURE_NAME)

    def save_cells(self) -> None:
        """Write study.json: enough to go on from."""
        files.write_text(self.out / JSON_NAME, json.dumps(self.to_json(), indent=1) + "\n")

    def cell(self, n: int, m: int, init: Init) -> Cell | None:
        """The cell of this place, if any of its nets was trained."""
        return next((c for c in self.cells if (c.n, c.m, c.init) == (n, m, init)), None)


def study(
    out: str | Path,
    *,
    seeds: int = 64,
    seed: int = 0,
    budget_seconds: float = 600.0,
    on_cell: Callable[[Cell], None] | None = None,
    design: Design | None = None,
) -> StudyResult:
    """Run what is missing of the study in the folder `out`, and save it there.

    All cells of one generation are run; then two generations, width after width, while the next
    flock of nets seems to fit in `budget_seconds`. A second call goes on where this one ended.

    Args:
        seeds: nets a cell.
        on_cell: called with a cell each time it has grown by a flock.

    Raises:
        InputError: `seeds` is below 1, or `out` holds a study of other settings.
        FormatError: `out` holds a study.json that is none.
        OutputError: `out` cannot be written.
    Cost: about a minute of two cores for one generation, and the budget for two.
    """
    if seeds < 1:
        raise InputError(must("seeds", "at least 1", seeds))
    design = design or Design()
    result = StudyResult(files.output_folder(out))
    result.cells = _saved(result.out / JSON_NAME, design, seed)
    spent = longest = 0.0
    with _Flocks(design) as flocks:
        for n, m, init in _order(design):
            cell = result.cell(n, m, init) or Cell(n, m, init, design.settings(n, seed))
            while cell.nets < seeds and (n == 1 or spent + longest < budget_seconds):
                before, cell = cell, flocks.grow(cell, seeds)
                if n > 1:
                    seconds = cell.seconds - before.seconds
                    spent, longest = spent + seconds, max(longest, seconds)
                others = [other for other in result.cells if other.key != cell.key]
                result.cells = sorted([*others, cell], key=lambda cell: cell.key)
                result.save_cells()
                if on_cell is not None:
                    on_cell(cell)
    result.left_out = tuple(m for m in design.widths if result.cell(2, m, "he") is None)
    result.save()
    return result


def _order(design: Design) -> Iterator[tuple[int, int, Init]]:
    for init in INITS:
        for m in design.widths:
            yield 1, m, init
    for m in design.widths:
        yield 2, m, "he"


class _Flocks:
    """Trains flocks side by side, each on one thread of its own.

    Threads that share each of so many small operations would mostly wait for one another, and the
    outcome would depend on how many they are.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.threads = machine.threads()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(self.threads)

    def __enter__(self) -> "_Flocks":
        self._threads_before = torch.get_num_threads()
        torch.set_num_threads(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()  # after ctrl-C flocks are still at work
        self._pool.shutdown()
        torch.set_num_threads(self._threads_before)

    def grow(self, cell: Cell, seeds: int) -> Cell:
        """The cell with a flock more for each thread, and at most `seeds` nets in all."""
        begun = time.perf_counter()
        size = self.design.flock(cell.n)
        starts = list(range(cell.nets, seeds, size))[: self.threads]
        sizes = [min(size, seeds - start) for start in starts]
        trained = self._pool.map(self._train, [cell] * len(starts), starts, sizes)
        first = [step for flock in trained for step in flock]
        where = f"{machine.cpu_name()}, {self.threads} threads"
        return cell.grown(first, time.perf_counter() - begun, where)

    def _train(self, cell: Cell, start: int, nets: int) -> list[int | None]:
        # a flock is drawn from its place alone: a study that was stopped ends as one that was not
        place = (cell.settings["seed"], cell.n, cell.m, INITS.index(cell.init), start)
        drawn = np.random.SeedSequence(place).generate_state(1)
        generator = torch.Generator().manual_seed(int(drawn[0]))
        cohort = Cohort(nets, cell.m, cell.n, init=cell.init, generator=generator)
        subject = self.design.subject(cell.n, generator)
        recipe = self.design.table if cell.n == 1 else self.design.boards
        return train(cohort, subject, recipe, stop=self._stop)


def _saved(path: Path, design: Design, seed: int) -> list[Cell]:
    """The cells of a study.json; none if there is no file."""
    if not path.exists():
        return []
    try:
        form = json.loads(path.read_text(encoding="utf-8"))
        if (form["format"], form["version"]) != (FORMAT, VERSION):
            raise ValueError(f"{form['format']} of version {form['version']}")
        cells = [Cell.from_json(cell) for cell in form["cells"]]
    except (KeyError, TypeError, ValueError) as error:
        rule = f"a {FORMAT} of version {VERSION}"
        got = f"{type(error).__name__}: {error}"
        raise FormatError(must(str(path), rule, got, "Name another folder.")) from error
    for cell in cells:
        settings = design.settings(cell.n, seed)
        if cell.settings != settings:
            remedy = "Name another folder, or call with the settings of this one."
            rule = f"a study of the settings {settings}"
            raise InputError(must(str(path), rule, dict(cell.settings), remedy))
    return cells
