"""The figures that a meter makes, save those of energy."""

from tenth.figures import Figure, counted, unknown
from tenth.receipt.work import Flops, Work

_COMPONENTS = ("accelerators", "processor", "memory", "rest")
# figures that a meter makes itself
OWN = {
    "wall_seconds",
    "cpu_seconds",
    "peak_rss_bytes",
    "written_bytes",
    "energy_joules",
    "carbon_gco2e",
    "price_usd",
    *(f"energy_joules_{name}" for name in _COMPONENTS),
}
_COUNTED_BY = "arithmetic on the program, one multiply-add is 2 FLOPs"


def cpu(seconds: float | None, clock: str) -> Figure:
    """Processor time by this clock."""
    if seconds is None:
        return unknown("s", f"there is no {clock} here")
    return Figure(seconds, "s", label="measured", source=clock)


def flops(work: Work | None) -> dict[str, Figure]:
    """The counts of some arithmetic; unknown where nothing counted any."""
    names = ("flops_useful", "flops_executed", "flops_dense_equivalent")
    details = ("forward", "backward", "growth")
    if work is None:
        reason = "nothing counted the arithmetic of this stage"
        keys = (*names, *(f"flops_executed_{detail}" for detail in details))
        return {key: unknown("FLOP", reason) for key in keys}
    counts: tuple[Flops, ...] = (work.useful, work.executed, work.dense_equivalent)
    figures = {
        name: counted(count.total, "FLOP", _COUNTED_BY)
        for name, count in zip(names, counts, strict=True)
    }
    for detail in details:
        value = getattr(work.executed, detail)
        figures[f"flops_executed_{detail}"] = counted(value, "FLOP", _COUNTED_BY)
    return figures
