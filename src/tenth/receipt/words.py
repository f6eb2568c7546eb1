"""How a receipt is told: names of figures, intervals, and the sentences at its top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenth.figures import Figure, human

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

NAMES = {
    "wall_seconds": "time",
    "cpu_seconds": "CPU time",
    "flops_executed": "FLOPs executed",
    "flops_useful": "FLOPs useful",
    "flops_dense_equivalent": "FLOPs of the dense twin",
    "flops_executed_forward": "forward",
    "flops_executed_backward": "backward",
    "flops_executed_growth": "growth",
    "energy_joules": "energy",
    "carbon_gco2e": "carbon",
    "price_usd": "money",
    "peak_rss_bytes": "peak memory",
    "written_bytes": "bytes written",
    "parameters": "parameters",
    "training_flops": "training FLOPs",
    "device_hours": "device-hours",
    "days": "days",
    "energy_kwh": "energy",
    "carbon_kgco2e": "carbon",
    "memory_bytes": "memory",
}


def name_of(key: str) -> str:
    """The name people read for a figure's key; other keys stand for themselves."""
    return NAMES.get(key, key)


def interval(figure: Figure) -> str:
    """The 90 % interval as people read it; empty for an exact or unknown figure.

    >>> interval(Figure(2.0, "J", 1.5, 2.5))
    '1.5 – 2.5 J'
    """
    if not figure.known:
        return ""
    _, low, high = figure.bounds()
    if low == high:
        return ""
    first, last = human(low, figure.unit), human(high, figure.unit)
    number, _, unit = first.partition(" ")
    return f"{number if last.endswith(f' {unit}') else first} – {last}"


def percent(bounds: tuple[float, float]) -> str:
    """An interval of a rate.

    >>> percent((0.59, 0.974))
    '59 – 97 %'
    """
    low, high = bounds
    return f"{100 * low:.0f} – {100 * high:.0f} %"


def short(figure: Figure) -> str:
    """The value alone; a dash where it is unknown."""
    return str(figure) if figure.known else "–"


def times(before: Figure, after: Figure) -> str:
    """How much smaller or larger: `÷ 10.1`, `× 1.5`, `same`; empty where that cannot be said."""
    if not before.value or not after.value or before.value < 0 or after.value < 0:
        return ""
    ratio = before.value / after.value
    if abs(ratio - 1) < 0.005:
        return "same"
    return f"÷ {ratio:.3g}" if ratio > 1 else f"× {1 / ratio:.3g}"


def subtitle(receipt: Receipt) -> tuple[str, str]:
    """A line on what was to be reached, and one on where and when it was tried."""
    task, hardware = receipt.task, receipt.hardware
    aim = task.metric or "score"
    if task.target is not None:
        aim += f", target {task.target:g}"
    threads = hardware.get("threads")
    machine = hardware.get("cpu", "machine unknown") + (f", {threads} threads" if threads else "")
    place = f"electricity: {receipt.place.name}"
    return f"{task.name} · {aim}", " · ".join([machine, place, receipt.created[:10]])


def headline(receipt: Receipt) -> str:
    """One sentence: what was spent, and what the model became for it."""
    costs = [
        str(figure)
        for key in ("wall_seconds", "energy_joules", "carbon_gco2e", "price_usd")
        if (figure := total_of(receipt, key)) and figure.known
    ]
    changes = [
        f"{size.name} from {size.before} to {size.after}"
        for size in receipt.sizes
        if size.before.known and size.after.known
    ]
    spent = f"It took {_listed(costs)}" if costs else "Nothing was metered"
    if not changes:
        return f"{spent}."
    return f"{spent}{' to bring' if costs else '; it brought'} {_listed(changes[:3])}."


def plan_title(receipt: Receipt) -> str:
    """Title of the table that holds the plan against the stages it was for."""
    stages = f" ({_listed(receipt.plan_of)})" if receipt.plan_of else ""
    return f"Plan against actual{stages}"


def total_of(receipt: Receipt, key: str) -> Figure | None:
    """The receipt's total of a figure; None if no stage has it."""
    if any(key in stage.figures for stage in receipt.stages):
        return receipt.total(key)
    return None


def missed(receipt: Receipt) -> bool:
    """Whether no score reaches the target."""
    target = receipt.task.target
    values = [figure.value for figure in receipt.scores.values() if figure.value is not None]
    return target is not None and bool(values) and max(values) < target


def _listed(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} and {words[-1]}"
