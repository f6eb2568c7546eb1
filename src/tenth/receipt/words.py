"""How a receipt is told in words: names of figures, intervals, and the sentences at its top.

Each function speaks the language it is given, in plain English if none is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenth.figures import Figure
from tenth.receipt.look import numbers
from tenth.receipt.look.language import Language, Said, language

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

COSTS = ("wall_seconds", "energy_joules", "carbon_gco2e", "price_usd")
TOTALS = (
    "wall_seconds",
    "cpu_seconds",
    "peak_rss_bytes",
    "written_bytes",
    "flops_executed",
    "flops_useful",
    "flops_dense_equivalent",
    "energy_joules",
    "energy_joules_accelerators",
    "energy_joules_processor",
    "energy_joules_memory",
    "energy_joules_rest",
    "carbon_gco2e",
    "price_usd",
)
_CHANGES = 2  # sizes in the first sentence


def name_of(key: str, speak: Language | None = None) -> Said:
    """The name people read for a figure's key; other keys stand for themselves."""
    return _of(speak).named("figure", key)


def interval(figure: Figure, speak: Language | None = None) -> Said:
    """The 90 % interval as people read it; empty for an exact or unknown figure.

    >>> interval(Figure(2.0, "J", 1.5, 2.5))
    '1.5 – 2.5 J'
    """
    return numbers.interval(_of(speak), figure)


def percent(bounds: tuple[float, float], speak: Language | None = None) -> Said:
    """An interval of a rate.

    >>> percent((0.59, 0.974))
    '59 – 98 %'
    """
    return numbers.percent(_of(speak), bounds)


def short(figure: Figure, speak: Language | None = None) -> Said:
    """The value alone; a dash where it is unknown."""
    return numbers.value(_of(speak), figure) if figure.known else Said("–")


def times(before: Figure, after: Figure, speak: Language | None = None) -> Said:
    """How much smaller or larger: `÷ 10.1`, `× 1.5`, `same`; empty where that cannot be said."""
    return numbers.times(_of(speak), before, after)


def subtitle(receipt: Receipt, speak: Language | None = None) -> tuple[Said, Said]:
    """A line on what was to be reached, and one on where and when it was tried."""
    speak = _of(speak)
    task = receipt.task
    aim = _aim(receipt, speak)
    if task.target is not None:
        aim = speak.say("page.aim_target", aim=aim, target=speak.number(f"{task.target:g}"))
    where = [_machine(receipt, speak), place(receipt, speak), speak.number(receipt.created[:10])]
    return aim, speak.joined(where, " · ")


def _aim(receipt: Receipt, speak: Language) -> Said:
    """Task and metric; where both are free text they run in one direction, as one."""
    name, metric = receipt.task.name, receipt.task.metric
    if metric:
        return speak.free(f"{name}: {metric}")
    return speak.say("page.aim", task=name, metric=speak.say("page.score"))


def headline(receipt: Receipt, speak: Language | None = None) -> Said:
    """One sentence: what was spent, and what the model became for it."""
    speak = _of(speak)
    totals = [total_of(receipt, key) for key in COSTS]
    costs = [numbers.value(speak, total) for total in totals if total is not None and total.known]
    changes = [
        speak.say(
            "headline.change",
            name=speak.named("size", size.name),
            before=numbers.value(speak, size.before),
            after=numbers.value(speak, size.after),
        )
        for size in receipt.sizes
        if size.before.known and size.after.known
    ]
    changes = changes[:_CHANGES]
    told: dict[str, Any] = {"costs": speak.listed(costs), "changes": speak.listed(changes)}
    if costs and changes:
        return speak.say("headline.cost_change", **told)
    if changes:
        return speak.say("headline.change_alone", changes=told["changes"])
    if costs:
        return speak.say("headline.cost", costs=told["costs"])
    return speak.say("headline.nothing")


def verdict(receipt: Receipt, speak: Language | None = None) -> tuple[str, Said]:
    """Whether the target was reached: its tone (`good`, `bad`, `open`), and a sentence."""
    speak = _of(speak)
    target = receipt.task.target
    if target is None:
        return "open", speak.say("target.none")
    wanted = speak.number(f"{target:g}")
    best = _best(receipt)
    if best is None:
        return "open", speak.say("target.no_score", target=wanted)
    told: dict[str, Any] = {"score": speak.number(f"{best:.4g}"), "target": wanted}
    if best < target:
        return "bad", speak.say("target.missed", **told)
    return "good", speak.say("target.reached", **told)


def edited(receipt: Receipt, speak: Language | None = None) -> Said:
    """What is not as it was sealed."""
    speak = _of(speak)
    found = speak.free("; ".join(receipt.edited))
    return speak.say("record.edited", found=found)


def plan_title(receipt: Receipt, speak: Language | None = None) -> Said:
    """Title of the table that holds the plan against the stages it was for."""
    speak = _of(speak)
    if not receipt.plan_of:
        return speak.say("actual.title")
    stages = [speak.named("stage", stage) for stage in receipt.plan_of]
    return speak.say("actual.title_of", stages=speak.listed(stages))


def metered(receipt: Receipt) -> list[str]:
    """Keys of the figures that are totalled: the usual ones, then those of other meters."""
    having = dict.fromkeys(name for stage in receipt.stages for name in stage.figures)
    usual = [key for key in TOTALS if key in having]
    # parts of a usual one, such as the FLOPs of a forward pass, have a name and no line
    return usual + [key for key in having if not language("en").has(f"figure.{key}")]


def total_of(receipt: Receipt, key: str) -> Figure | None:
    """The receipt's total of a figure; None if no stage has it."""
    if any(key in stage.figures for stage in receipt.stages):
        return receipt.total(key)
    return None


def missed(receipt: Receipt) -> bool:
    """Whether no score reaches the target."""
    target, best = receipt.task.target, _best(receipt)
    return target is not None and best is not None and best < target


def _best(receipt: Receipt) -> float | None:
    """The best score of the result; where scores say before or after, only those after count."""
    known = {name: f.value for name, f in receipt.scores.items() if f.value is not None}
    after = [value for name, value in known.items() if name.endswith(" after")]
    return max(after or known.values(), default=None)


def _machine(receipt: Receipt, speak: Language) -> Said:
    cpu, threads = receipt.hardware.get("cpu"), receipt.hardware.get("threads")
    if not cpu:
        return speak.say("page.machine_unknown")
    if not threads:
        return speak.free(str(cpu))
    return speak.say("page.machine", plural=threads, cpu=str(cpu), count=int(threads))


def place(receipt: Receipt, speak: Language) -> Said:
    """Where the electricity came from, or that nobody said."""
    if receipt.place.code is None:
        return speak.say("page.no_country")
    return speak.say("page.country", place=receipt.place.name)


def _of(speak: Language | None) -> Language:
    return speak or language("en")
