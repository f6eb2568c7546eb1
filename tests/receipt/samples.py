"""A receipt as the Game of Life leaves it: every kind of figure, arm and note is in it."""

import random

from tenth.figures import Figure, counted, unknown
from tenth.receipt import Aim, Arm, BeforeAfter, Origin, Receipt, Run, Stage
from tenth.receipt.place import Place

HARDWARE = {
    "cpu": "AMD EPYC 9R14",
    "machine": "x86_64",
    "threads": 2,
    "memory_bytes": 8_215_363_584,
    "accelerators": [],
}
SOFTWARE = {"system": "Linux 6.8.0", "python": "3.11.7", "tenth": "0.1.0", "torch": "2.13.0"}
_CLOCK = "monotonic clock"
_PROCESS = "clock of the process and of its ended children"
_MODEL = (
    "CPU-seconds × 3.75 W a busy thread (7.5 W ÷ 2 threads of generic-2vcpu-vm, ±45 %; no RAPL "
    "counters here); memory × 0.3725 W/GB (Green Algorithms)"
)
_COUNT = "arithmetic on the program, one multiply-add is 2 FLOPs"
_NO_PRICE = "no price given: pass price_usd_per_hour or a device of the catalogue"


def spread(value, unit, error, label, source):
    return Figure(value, unit, value * (1 - error), value * (1 + error), label, source)


def costs(seconds, flops=None, useful=None, place=None, written=7_400):
    """The figures of a stage that took `seconds` on one thread."""
    joules = seconds * 4.1
    figures = {
        "wall_seconds": Figure(seconds, "s", source=_CLOCK),
        "cpu_seconds": Figure(seconds * 1.02, "s", source=_PROCESS),
        "peak_rss_bytes": Figure(412_000_000, "bytes", source="high-water mark of Linux (VmHWM)"),
        "written_bytes": counted(written, "bytes", "files written"),
        "energy_joules": spread(joules, "J", 0.45, "modelled", _MODEL),
        "carbon_gco2e": _carbon(joules, (place or Place.find("FRA")).carbon),
        "price_usd": unknown("USD", _NO_PRICE),
    }
    for key in ("flops_executed", "flops_useful", "flops_dense_equivalent"):
        value = useful if key == "flops_useful" else flops
        figures[key] = (
            unknown("FLOP", "nothing counted the arithmetic of this stage")
            if value is None
            else counted(value, "FLOP", _COUNT)
        )
    return figures


def _carbon(joules, grid):
    if not grid.known:
        return unknown("gCO2e", grid.reason)
    low, high = joules * 0.55 * grid.low / 3.6e6, joules * 1.45 * grid.high / 3.6e6
    source = f"energy × {grid} ({grid.source})"
    return Figure(joules * grid.value / 3.6e6, "gCO2e", low, high, "modelled", source)


def arm(name, successes, weights, seconds, flops, useful):
    draw = random.Random(name)
    runs = [
        costs(seconds * t, flops * t, useful * t)
        for t in (draw.uniform(0.6, 1.5) for _ in range(8))
    ]
    return Arm.of_runs(name, runs, successes=successes, weights=weights)


def life(place="FRA"):
    """The receipt of a whole demo."""
    place = Place.find(place)
    arms = [
        arm("dense", 8, 816, 6.1, 9.6e10, 9.6e10),
        arm("small", 1, 81, 3.2, 1.1e10, 1.1e10),
        arm("static", 2, 81, 9.4, 1.44e11, 1.5e10),
        arm("granet", 7, 81, 9.9, 1.51e11, 2.7e10),
    ]
    seeds = [Stage(f"{one.name}, seed {n}", one.figures) for one in arms for n in range(2)]
    return Receipt(
        title="Conway’s Game of Life, taken to a tenth",
        task=Aim("life", "share of the 512 neighbourhoods that are right", 1.0, 0.0),
        place=place,
        hardware=dict(HARDWARE),
        software=dict(SOFTWARE),
        stages=[
            Stage("plan", costs(0.41, place=place)),
            Stage("train", costs(6.3, 9.8e10, 9.8e10, place), notes={"steps": 1200}),
            Stage("shrink", costs(11.8, 1.9e11, 4.4e10, place), notes={"steps": 2300}),
            Stage("small alone", costs(229.4, 3.2e12, 1.2e12, place, 59_200), seeds),
            Stage("ship", costs(4.9, 2.2e9, 2.1e9, place), notes={"compiler": "clang 20.1.2"}),
        ],
        scores={
            "dense, test": Figure(1.0, "", source="all 512 neighbourhoods"),
            "shrunk, test": Figure(1.0, "", source="all 512 neighbourhoods"),
        },
        sizes=[
            BeforeAfter(
                "weights",
                counted(816, "weights", "prunable weights of the model"),
                counted(81, "weights", "weights kept"),
            ),
            BeforeAfter(
                "file",
                counted(4_412, "bytes", "float32, safetensors"),
                counted(1_236, "bytes", "values and a packed mask, safetensors"),
            ),
            BeforeAfter(
                "FLOPs a board",
                counted(1_671_168, "FLOP", "the graph, 32 × 32 cells"),
                counted(165_888, "FLOP", "the graph, zeros skipped"),
            ),
            BeforeAfter(
                "time a board",
                Figure(3.1e-4, "s", 2.9e-4, 3.5e-4, source="median of 1,000 runs, torch"),
                Figure(4.2e-5, "s", 4.0e-5, 4.9e-5, source="median of 1,000 runs, the C program"),
            ),
        ],
        arms=arms,
        plan={
            "parameters": counted(866, "parameters", "the graph"),
            "training_flops": counted(9.6e10, "FLOP", "the graph × steps"),
            "device_hours": spread(0.0019, "h", 0.4, "estimated", "steps × a timed step"),
            "energy_kwh": spread(7.4e-6, "kWh", 0.6, "estimated", "hours × watts"),
            "price_usd": unknown("USD", _NO_PRICE),
        },
        plan_of=["train"],
        notes=["The small dense net of 81 weights reached the target with 1 of 8 seeds."],
        provenance=[
            Origin(
                "data",
                "the 512 neighbourhoods of 3 × 3 cells",
                source="the rule of the game, written out",
                licence="CC0-1.0",
                sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
            Origin("base model", "none: trained from first weights"),
        ],
        run=Run("slurm-4711", "a1b2c3d4e5f6", "812-1789639964", {"SLURM_JOB_ID": "4711"}),
        created="2026-09-17T10:12:44+00:00",
    )
