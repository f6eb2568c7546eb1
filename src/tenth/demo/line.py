"""The whole line on one real problem: plan, train, shrink, train small alone, ship, receipt.

DIR/model.safetensors   the net at a tenth of its weights
DIR/program/            the same as C, with a library for this machine
DIR/receipt.json        what it cost and what it saved
DIR/receipt.html        the same to look at
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from torch import nn

from tenth import files, graph, plan, ship, shrink, train
from tenth.catalogue import devices
from tenth.demo import arms, board, gun, life
from tenth.demo.telling import Telling
from tenth.errors import InputError, TargetError, must
from tenth.figures import counted
from tenth.receipt import Aim, BeforeAfter, Meter, Place, Receipt, Stage, words
from tenth.sparsity import save_model
from tenth.task import Task

WIDTH = 16  # times the filters that the rule needs
DENSITY = 0.1
GENERATIONS = 1000
FRAMES_A_SECOND = 120.0
SIZES = {"n": 1, "h": 32, "w": 32}  # one board

_WORK = "work"  # folder of unfinished business
_PLANNED = ("train", "shrink", "train small alone")


@dataclass
class Line:
    """What the steps of the line share."""

    task: Task
    out: Path
    seeds: range
    receipt: Receipt
    telling: Telling

    @property
    def place(self) -> str | None:
        """Whose electricity it is."""
        return self.receipt.place.code

    @property
    def settings(self) -> train.Settings:
        """How every run goes: looks at all 512 neighbourhoods often, stops when all are right."""
        return train.Settings(
            check_every=10, mask_every=10, lr_schedule="constant", place=self.place
        )

    def meter(self, name: str) -> Meter:
        """A stage of the receipt."""
        return Meter(name, place=self.place, into=self.receipt.stages)

    def folder(self, name: str) -> Path:
        """Where a run keeps what it has until the line is done."""
        return self.out / _WORK / name


def run(
    out: Path, *, seeds: int = 8, seed: int = 0, place: str | None = None, quiet: bool = False
) -> Receipt:
    """Run the line and leave its four results in `out`.

    A line that was stopped goes on where it was: what is finished waits in `out/work`.

    Raises:
        TargetError: the dense or the shrunk net is not right on all 512 neighbourhoods.
        OutputError: `out` cannot be written.
    """
    if seeds < 1:
        raise InputError(must("seeds", "at least 1", seeds))
    task = life.task(WIDTH)
    aim = Aim(task.name, "share of the 512 neighbourhoods that are right", task.target, 0.0)
    receipt = Receipt("Conway's Game of Life at a tenth", aim, place=Place.find(place))
    line = Line(
        task,
        files.output_folder(out),
        range(seed, seed + seeds),
        receipt,
        Telling(Console(quiet=quiet)),
    )
    with _one_thread():
        _plan(line)
        dense = _train(line)
        shrunk = _shrink(line, dense)
        _train_small_alone(line)
        _ship(line, dense, shrunk)
        _finish(line)
    return receipt


@contextmanager
def _one_thread() -> Iterator[None]:
    """Nets this small gain nothing from a second thread, and lose much on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _plan(line: Line) -> None:
    line.telling.begin("plan: what will it cost?")
    task = line.task
    with line.meter("plan"):
        planned = plan.of_graph(
            task.graph(),
            examples_per_step=task.examples_per_step(),
            steps=task.steps * (2 + len(arms.ROUTES) * len(line.seeds)),
            step_seconds=train.time_step(task),
            device=devices.here(threads=torch.get_num_threads()),
            place=line.place,
            sizes=SIZES,
        )
    line.receipt.plan = dict(planned.figures)
    line.receipt.plan_of = list(_PLANNED)
    line.receipt.notes.append(
        "The plan is for runs of full length; each stops as soon as all 512 are right."
    )
    for key in ("parameters", "training_flops", "device_hours", "energy_kwh"):
        line.telling.say(f"{words.name_of(key)}: {planned.figures[key]}")


def _train(line: Line) -> nn.Module:
    line.telling.begin(f"train: {WIDTH} times as many filters as the rule needs")
    with line.telling.steps() as on_step:
        result = train.run(
            line.task,
            route="dense",
            seed=line.seeds[0],
            out=line.folder("dense"),
            settings=line.settings,
            on_step=on_step,
        )
    line.receipt.stages.append(Stage.of_parts("train", result.receipt.stages))
    right = life.exact(result.model)
    if not result.reached:
        raise TargetError(f"The dense net is right on {right} of 512. Try another --seed.")
    line.telling.say(f"{result.weights} weights, right on {right} of 512 neighbourhoods")
    return result.model


def _shrink(line: Line, dense: nn.Module) -> nn.Module:
    line.telling.begin(f"shrink: to {DENSITY:.0%} of the weights")
    with line.telling.steps() as on_step:
        result = shrink.to(
            dense,
            line.task,
            DENSITY,
            max_drop=0.0,
            seed=line.seeds[0],
            out=line.folder("shrunk"),
            settings=line.settings,
            on_step=on_step,
        )
    line.receipt.stages.append(Stage.of_parts("shrink", result.receipt.stages))
    line.receipt.scores |= result.receipt.scores
    line.receipt.sizes += result.sizes
    right = life.exact(result.model)
    line.telling.say(f"{result.weights} weights, right on {right} of 512 neighbourhoods")
    return result.model


def _train_small_alone(line: Line) -> None:
    line.telling.begin(f"train small alone: {len(line.seeds)} nets a route, from the start")
    with line.telling.bar(len(arms.ROUTES) * len(line.seeds)) as move:
        found, stage = arms.race(
            line.task,
            density=DENSITY,
            seeds=line.seeds,
            settings=line.settings,
            folder=line.folder("arms"),
            on_run=lambda result, seed: move(f"{result.route}, seed {seed}"),
        )
    line.receipt.arms = found
    line.receipt.stages.append(stage)
    for arm in found:
        line.telling.say(
            f"{arm.name:7} {arm.weights:4} weights: {arm.successes} of {arm.seeds} succeed, "
            f"{arm.figures['wall_seconds']} a run"
        )


def _ship(line: Line, dense: nn.Module, shrunk: nn.Module) -> None:
    line.telling.begin("ship: the small net as C, let loose on a glider gun")
    with line.meter("ship") as meter:
        before, after = (
            ship.compile(net, line.task.example, name="life") for net in (dense, shrunk)
        )
        flight = gun.fly(after, shrunk, GENERATIONS)
        line.receipt.sizes += [_flops(line.task, dense, shrunk), gun.race(before, after)]
        meter.add_bytes(save_model(shrunk, line.out / "model.safetensors"))
        meter.add_bytes(
            sum(file.stat().st_size for file in after.save(line.out / "program").iterdir())
        )
        meter.note("generations equal to torch and to the rule", GENERATIONS)
        meter.note("largest difference of a probability from torch", flight.largest_difference)
    board.animate(flight.boards, line.telling.console, frames_a_second=FRAMES_A_SECOND)
    line.telling.say(
        f"{GENERATIONS:,} generations, each equal to torch and to the rule; probabilities differ "
        f"by at most {flight.largest_difference:.1e}"
    )


def _flops(task: Task, dense: nn.Module, shrunk: nn.Module) -> BeforeAfter:
    before, after = (graph.count(task.graph(net), SIZES) for net in (dense, shrunk))
    return BeforeAfter(
        "FLOPs a board",
        counted(before.flops, "FLOP", "the graph, a board of 32×32"),
        counted(after.useful_flops, "FLOP", "the same, zeros skipped"),
    )


def _finish(line: Line) -> None:
    receipt, out = line.receipt, line.out
    receipt.save(out / "receipt.json")
    files.write_text(out / "receipt.html", receipt.html())
    shutil.rmtree(out / _WORK)
    line.telling.begin("receipt")
    line.telling.print(receipt)
    line.telling.say(f"Look at it: {out / 'receipt.html'}")
