"""The picture of a race: score against cost, and the frontier of those that nothing beats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tenth import files

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tenth.train.race.standing import Standing
    from tenth.train.race.verdict import Verdict

_AXES = {
    "seconds": ("seconds of everything it ran", 1.0),
    "flops": ("FLOPs of everything it ran, each step at its own density", 1.0),
    "executed": ("FLOPs executed in everything it ran", 1.0),
    "energy": ("energy of everything it ran, J", 1.0),
    "price": ("money for everything it ran, USD", 1.0),
}
_COLOURS = {"baseline": "0.2", "non-inferior": "#1f5fa8", "undecided": "#c08a00"}
_LOSER = "#b3452c"
_HEIGHTS = (5, -5, 31, -31)  # of the names, in points from their bars


def draw(verdict: Verdict, path: Path) -> None:
    """Draw it; the suffix of `path`, .svg or .png, says the kind.

    Raises:
        OutputError: `path` cannot be written.
    """
    # matplotlib takes a quarter of a second to load, and only a picture needs it
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # text stays text, and the same race gives the same file
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tenth", "font.size": 10}):
        figure = Figure(figsize=(7.2, 4.8), layout="constrained")
        axes = figure.subplots()
        _points(axes, verdict)
        axes.set_xlabel(_AXES[verdict.terms.by][0])
        axes.set_ylabel("score on test")
        axes.set_title(f"Race of {verdict.task}", fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(True, color="0.92", zorder=0)
        axes.set_axisbelow(True)
        kind = path.suffix.removeprefix(".")
        metadata = {"Date": None} if kind == "svg" else None
        with files.atomic_path(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=metadata, dpi=160)


def frontier(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of points (cost, score), those that no other one beats in both, by rising cost.

    >>> frontier([(3, 0.9), (1, 0.5), (2, 0.4), (4, 0.9)])
    [(1, 0.5), (3, 0.9)]
    """
    best: list[tuple[float, float]] = []
    for cost, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or score > best[-1][1]:
            best.append((cost, score))
    return best


def _points(axes: Axes, verdict: Verdict) -> None:
    from matplotlib.ticker import EngFormatter

    shown = [one for one in verdict.standings if _place(one, verdict) is not None]
    places = [place for one in shown if (place := _place(one, verdict)) is not None]
    if not places:
        axes.text(0.5, 0.5, "no arm gave a net", ha="center", transform=axes.transAxes)
        return
    best = frontier(places)
    best.append((max(cost for cost, _ in places), best[-1][1]))
    axes.step(*zip(*best, strict=True), where="post", color="0.75", linewidth=1.2, zorder=1)
    dense = verdict.standings[0]
    if dense.test.value is not None:
        bar = dense.test.value - verdict.terms.margin
        axes.axhline(bar, color="0.4", linewidth=1, linestyle=":", zorder=1)
        label = f"dense − margin {verdict.terms.margin:g}"
        axes.annotate(
            label,
            (0, bar),
            (3, -11),
            fontsize=8.5,
            color="0.4",
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
        )
    ranks = sorted(range(len(places)), key=places.__getitem__)
    for one, (cost, score), rank in zip(shown, places, _inverse(ranks), strict=True):
        colour = _COLOURS.get(one.verdict, _LOSER)
        _, low, high = one.test.bounds()
        error = [[score - low], [high - score]]
        axes.errorbar(cost, score, yerr=error, fmt="o", ms=6, color=colour, capsize=3, zorder=3)
        # neighbours in cost have their names at different heights
        offset = (0, _HEIGHTS[rank % len(_HEIGHTS)])
        bar_end = high if offset[1] > 0 else low
        axes.annotate(
            f"{one.name}\n{one.verdict}",
            (cost, bar_end),
            offset,
            ha="center",
            va="bottom" if offset[1] > 0 else "top",
            fontsize=8.5,
            linespacing=1.05,
            textcoords="offset points",
            color=colour,
            zorder=4,
        )
    costs = [cost for cost, _ in places]
    if max(costs) > 5 * min(costs):
        axes.set_xscale("log")
    else:
        axes.set_xlim(0, 1.2 * max(costs))
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.margins(y=0.25)


def _inverse(order: Sequence[int]) -> list[int]:
    """The place of each number in an order."""
    return sorted(range(len(order)), key=order.__getitem__)


def _place(one: Standing, verdict: Verdict) -> tuple[float, float] | None:
    cost, score = one.total(verdict.terms.cost).value, one.test.value
    return None if cost is None or score is None else (cost, score)
