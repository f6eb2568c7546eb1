"""The picture of advice: what each size costs, how far off that may be, and the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tenth import files
from tenth.errors import InputError, must
from tenth.figures import Figure
from tenth.plan.rates import SMALL_MODEL
from tenth.plan.result import span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tenth.plan.advice.advice import Advice, Group
    from tenth.plan.advice.budget import Limit
    from tenth.plan.advice.choices import Choice

_AXES = {
    "money": "cost, USD",
    "energy": "energy, kWh",
    "time": "time, days",
    "carbon": "carbon, kgCO2e",
}
_COLOURS = ("#1f5fa8", "#c08a00", "#4f8f4a")
_BARS = 8
# a curve reaches this far on both sides of what fits, in so many steps
_AROUND, _STEPS = 2.0, 24
# of two devices that afford nearly the same, one is drawn
_APART = 0.06
_KINDS = (".svg", ".png")


def draw(advice: Advice, path: Path) -> None:
    """Draw one panel a route; the suffix of `path` says the kind.

    Raises:
        InputError: neither .svg nor .png.
        OutputError: `path` cannot be written.
    """
    if path.suffix not in _KINDS:
        raise InputError(must("picture", "a file ending in .svg or .png", path.name))
    # matplotlib takes a quarter of a second to load, and only a picture needs it
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    groups = [group for group in advice.groups if group.choices] or list(advice.groups[:1])
    # text stays text, and the same advice gives the same file
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tenth", "font.size": 9}):
        figure = Canvas(figsize=(0.8 + 4.0 * len(groups), 4.6), layout="constrained")
        panels = figure.subplots(1, len(groups), squeeze=False)[0]
        for axes, group in zip(panels, groups, strict=True):
            _panel(axes, group, advice.limits[0])
        words = " and ".join(limit.words for limit in advice.limits)
        figure.suptitle(f"What {words} may train; bands are 90 % intervals", fontsize=11)
        kind = path.suffix.removeprefix(".")
        metadata = {"Date": None} if kind == "svg" else None
        with files.atomic_path(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=metadata, dpi=160)


def _panel(axes: Axes, group: Group, limit: Limit) -> None:
    axes.set_title(group.goal.name, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, color="0.92", zorder=0)
    axes.set_axisbelow(True)
    known = [one for one in group.choices if one.plan.figures[limit.figure].known]
    if not known:
        axes.text(0.5, 0.5, "nothing fits", ha="center", transform=axes.transAxes)
    elif group.goal.open:
        _curves(axes, known, limit)
    else:
        _bars(axes, known[:_BARS], limit)


def _curves(axes: Axes, choices: Sequence[Choice], limit: Limit) -> None:
    """Cost against amount for a few devices, with a mark where the budget ends."""
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    drawn = _distinct(choices)
    ends = [amount.bounds() for _, amount in drawn]
    start, stop = min(low for _, low, _ in ends) / _AROUND, max(high for *_, high in ends) * _AROUND
    if min(value for value, *_ in ends) >= SMALL_MODEL and drawn[0][0].goal.samples_each:
        start = max(start, SMALL_MODEL)  # published rates of smaller models are others
    amounts = [start * (stop / start) ** (step / _STEPS) for step in range(_STEPS + 1)]
    for (one, amount), colour in zip(drawn, _COLOURS, strict=False):
        costs = [one.goal.make(n, one.device, one.count).figures[limit.figure] for n in amounts]
        middle, lower, upper = zip(*(cost.bounds() for cost in costs), strict=True)
        axes.fill_between(amounts, lower, upper, color=colour, alpha=0.13, linewidth=0)
        value, low, high = span(replace(amount, unit="parameters"))
        name = f"{one.device.many(one.count)}: {value} ({low} to {high})"
        name += f", ends at {one.bound}" if one.bound != limit.kind else ""
        axes.plot(amounts, middle, color=colour, linewidth=1.4, label=name)
        spent = one.plan.figures[limit.figure].bounds()[0]
        axes.plot([amount.bounds()[0]], [spent], "o", color=colour, markersize=5)
    axes.axhline(limit.most, color="0.2", linestyle="--", linewidth=1)
    axes.annotate(
        limit.words,
        (0.02, limit.most),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
    )
    axes.set(xscale="log", yscale="log", xlabel=_unit(choices[0]), ylabel=_AXES[limit.kind])
    axes.set_xlim(start, stop)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axes.xaxis.set_minor_formatter(NullFormatter())
    # below the axes, where the names cover neither a curve nor a mark
    axes.legend(
        frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), fontsize=8, borderaxespad=0
    )


def _distinct(choices: Sequence[Choice]) -> list[tuple[Choice, Figure]]:
    """The first few whose curves can be told apart."""
    found: list[tuple[Choice, Figure]] = []
    for one in choices:
        if one.amount is None or len(found) == len(_COLOURS):
            continue
        value = one.amount.bounds()[0]
        others = [amount.bounds()[0] for _, amount in found]
        if all(abs(value / other - 1) > _APART for other in others):
            found.append((one, one.amount))
    return found


def _unit(one: Choice) -> str:
    return f"training {one.goal.unit}" if one.goal.samples_each is None else one.goal.unit


def _bars(axes: Axes, choices: Sequence[Choice], limit: Limit) -> None:
    """The interval of the cost on each device, beside the budget; blue where it surely fits."""
    from matplotlib.ticker import LogLocator, NullFormatter

    for row, one in enumerate(choices):
        value, low, high = one.plan.figures[limit.figure].bounds()
        colour = _COLOURS[0] if high <= limit.most else "0.45"
        axes.plot([low, high], [row, row], color=colour, linewidth=4, alpha=0.35)
        axes.plot([value], [row], "o", color=colour, markersize=5)
    axes.axvline(limit.most, color="0.2", linestyle="--", linewidth=1)
    names = [one.device.many(one.count) for one in choices]
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel=_AXES[limit.kind])
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
