"""What a bench found, as a table and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tenth.figures import human
from tenth.files import output_folder, write_text
from tenth.ship.bench.picture import draw
from tenth.ship.bench.race import Race, Timing, ratio
from tenth.ship.bench.roof import Roof
from tenth.ship.bench.steps import StepTime
from tenth.ship.interface import labels

SCHEMA = "tenth-ship-bench/1"
_SMALL = 0.01  # of the run


@dataclass(frozen=True)
class Report:
    """One bench of one program.

    `steps` are in the order they run, on one thread; `races` one a number of threads, in which the
    contestant "tenth" is the program.
    """

    name: str
    sizes: Mapping[str, int]
    hardware: Mapping[str, Any]
    roof: Roof
    steps: tuple[StepTime, ...]
    races: tuple[Race, ...]

    def to_json(self) -> dict[str, Any]:
        """One object with every number in it; seconds, bytes, FLOP a second."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "sizes": dict(self.sizes),
            "hardware": dict(self.hardware),
            "roof": asdict(self.roof),
            "steps": [self._step(step) for step in self.steps],
            "races": [race_form(race) for race in self.races],
        }

    def save(self, folder: Path) -> None:
        """Write bench.json, bench.txt, roofline.svg and roofline.png.

        Raises:
            OutputError: the folder cannot be written.
        """
        folder = output_folder(folder)
        write_text(folder / "bench.json", json.dumps(self.to_json(), indent=1) + "\n")
        write_text(folder / "bench.txt", f"{self}\n")
        for kind in ("svg", "png"):
            draw(self.steps, self.roof, folder / f"roofline.{kind}")

    def __str__(self) -> str:
        return "\n\n".join([self._layers(), *map(_told, self.races)])

    def _step(self, step: StepTime) -> dict[str, Any]:
        return {
            **asdict(step),
            "effective_flops_per_second": step.flops / step.seconds,
            "real_flops_per_second": step.rate,
            "share_of_peak": step.rate / self.roof.flops_per_second,
        }

    def _layers(self) -> str:
        rows: list[tuple[str, ...]] = [
            (
                "layer",
                "op",
                "shape",
                "density",
                "kernel",
                "time",
                "of all",
                "effective",
                "real",
                "peak",
            )
        ]
        whole = _seconds(self.steps)
        weighted = [step for step in self.steps if step.shape]
        for label, step in zip(labels(weighted), weighted, strict=True):
            rows.append(
                (
                    label,
                    step.op,
                    "×".join(map(str, step.shape)),
                    f"{step.density:.3f}",
                    step.kernel,
                    *self._rates([step], whole),
                )
            )
        for op, steps in _others(self.steps, whole).items():
            about = f"{len(steps)} step{'s' if len(steps) > 1 else ''}"
            rows.append((about, op, "", "", "", *self._rates(steps, whole)))
        rows.append(("whole run", "", "", "", "", *self._rates(self.steps, whole)))
        roof = (
            f"{self.roof.flops_per_second / 1e9:.1f} GFLOP/s of multiply-adds and "
            f"{self.roof.bytes_per_second / 1e9:.1f} GB/s from memory, measured in this run"
        )
        at = ", ".join(f"{name} = {size}" for name, size in self.sizes.items())
        about = (
            f"{self.name}{f' at {at}' if at else ''}, one thread, medians.\n"
            f"GFLOP/s: effective as if no weight were zero; real of kept weights alone, also as a "
            f"share of the peak.\n"
            f"The peak of one core: {roof}."
        )
        return f"{about}\n\n{columns(rows)}"

    def _rates(self, steps: Sequence[StepTime], whole: float) -> tuple[str, ...]:
        """The time of some steps and their share of all, and their rates where they compute."""
        seconds = _seconds(steps)
        flops, useful = (sum(s.flops for s in steps), sum(s.useful_flops for s in steps))
        share = f"{seconds / whole:.1%}" if whole else ""
        if not flops:
            return (human(seconds, "s"), share, "", "", "")
        rate = useful / seconds
        return (
            human(seconds, "s"),
            share,
            f"{flops / seconds / 1e9:.1f}",
            f"{rate / 1e9:.1f}",
            f"{rate / self.roof.flops_per_second:.0%}",
        )


def _others(steps: Sequence[StepTime], whole: float) -> dict[str, list[StepTime]]:
    """The steps that are no layers, by what they do: the slowest first, small ones together."""
    found: dict[str, list[StepTime]] = {}
    for step in steps:
        if not step.shape:
            found.setdefault(step.op, []).append(step)
    slowest = sorted(found, key=lambda op: -_seconds(found[op]))
    large = {op: found[op] for op in slowest if _seconds(found[op]) >= _SMALL * whole}
    small = [step for op in slowest if op not in large for step in found[op]]
    return {**large, "all else": small} if small else large


def _seconds(steps: Sequence[StepTime]) -> float:
    return sum(step.seconds for step in steps)


def race_form(race: Race) -> dict[str, Any]:
    """A race in JSON: each contestant, and how many times as long as tenth it took."""
    ours = race.timing("tenth")
    return {
        "threads": race.timings[0].threads if race.timings else None,
        "clock": race.timings[0].clock if race.timings else None,
        "contestants": [_timing_form(timing, ours) for timing in race.timings],
        "absent": dict(race.absent),
    }


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text, each column as wide as its widest cell; numbers stand to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    right = [all(not row[i] or row[i][0].isdigit() for row in rows[1:]) for i in range(len(widths))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    )


def _timing_form(timing: Timing, ours: Timing | None) -> dict[str, Any]:
    form: dict[str, Any] = {
        "name": timing.name,
        "version": timing.version,
        "seconds": timing.seconds,
        "wall": list(timing.wall),
        "cpu": list(timing.cpu),
        "load_seconds": timing.load_seconds,
        "load_peak_bytes": timing.load_peak_bytes,
        "run_peak_bytes": timing.run_peak_bytes,
    }
    if ours is not None and ours is not timing:
        form["ratio"] = asdict(ratio(timing, ours))
    return form


_CLOCKS = {"cpu": "the clock of the process", "wall": "the clock on the wall"}


def _told(race: Race) -> str:
    """A race as people read it."""
    lines = [f"{name} did not run: {why}" for name, why in race.absent.items()]
    if not race.timings:
        return "\n".join(lines)
    first = race.timings[0]
    ours = race.timing("tenth")
    rows: list[tuple[str, ...]] = [
        ("", "time", "least", "most", "against tenth", "nine rounds in ten", "memory")
    ]
    for timing in race.timings:
        told = ("", "")
        if ours is not None and ours is not timing:
            times = ratio(timing, ours)
            told = (f"{times.median:.2f}×", f"{times.low:.2f} – {times.high:.2f}")
        memory = timing.run_peak_bytes
        rows.append(
            (
                f"{timing.name} {timing.version}",
                *(
                    human(s, "s")
                    for s in (timing.seconds, min(timing.samples), max(timing.samples))
                ),
                *told,
                "" if memory is None else human(memory, "bytes"),
            )
        )
    threads = f"{first.threads} thread{'s' if first.threads > 1 else ''}"
    rounds, clock = len(first.samples), _CLOCKS[first.clock]
    about = f"{threads}, medians of {rounds} rounds taken by turns, by {clock}"
    return "\n".join([f"{about}:", columns(rows), *lines])
