"""A study's cells: one cell, the table, the picture, and what they say of the published values."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from rich.table import Table

from tenth import files
from tenth.demo.cohort import Init
from tenth.demo.life import LifeNet
from tenth.errors import InputError, must
from tenth.intervals import wilson

# Springer & Kenyon 2020, arXiv:2009.01398
SMALLEST_RATE = 0.047  # of nets with m = 1 that learn one generation
SMALLEST_HITS = (3, 64)  # the only count of their 64 nets that rounds to it
MAJORITY_FROM = {1: 3, 2: 4}  # by generations: the least m with which more than half learn

_NAMES = {"gaussian": "N(0, 1)", "he": "He"}
_COLOURS = {"gaussian": "#1f5fa8", "he": "#d97a16"}


@dataclass(frozen=True)
class Cell:
    """How nets of width `m` fared with `n` generations.

    first: for each net the step at which it first passed the test, None if it never did.
    settings: what else decides the outcome; cells of unequal settings are never joined.
    """

    n: int
    m: int
    init: Init
    settings: Mapping[str, Any]
    first: tuple[int | None, ...] = ()
    seconds: float = 0.0
    machine: str = ""

    @property
    def key(self) -> tuple[int, str, int]:
        """Which cell of the study this is."""
        return self.n, self.init, self.m

    @property
    def nets(self) -> int:
        """How many nets were trained."""
        return len(self.first)

    @property
    def successes(self) -> int:
        """How many of them passed."""
        return sum(step is not None for step in self.first)

    @property
    def rate(self) -> float:
        """The share of nets that passed."""
        return self.successes / self.nets

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson interval of the rate, level 95 %."""
        return wilson(self.successes, self.nets)

    @property
    def median_step(self) -> float | None:
        """The middle step of success among the nets that passed."""
        steps = [step for step in self.first if step is not None]
        return median(steps) if steps else None

    @property
    def parameters(self) -> int:
        """Weights and biases of one net."""
        return sum(p.numel() for p in LifeNet(self.m, self.n).parameters())

    def grown(self, first: Iterable[int | None], seconds: float, machine: str) -> "Cell":
        """The cell with more nets."""
        return replace(
            self,
            first=(*self.first, *first),
            seconds=self.seconds + seconds,
            machine=machine,
        )

    def to_json(self) -> dict[str, Any]:
        """Counts, interval, settings, seconds, machine, and the step of each net."""
        low, high = self.interval
        return {
            "n": self.n,
            "m": self.m,
            "init": self.init,
            "parameters": self.parameters,
            "nets": self.nets,
            "successes": self.successes,
            "rate": self.rate,
            "low": low,
            "high": high,
            "median_step": self.median_step,
            "first": list(self.first),
            "settings": dict(self.settings),
            "seconds": round(self.seconds, 2),
            "machine": self.machine,
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Cell":
        """Read what `to_json` wrote; what can be counted is counted again.

        Raises:
            KeyError, TypeError, ValueError: it is no such form.
        """
        names = ("n", "m", "init", "settings", "seconds", "machine")
        if form["n"] not in MAJORITY_FROM or form["init"] not in _NAMES:
            raise ValueError(f"no such cell: n={form['n']}, {form['init']}")
        cell = cls(**{name: form[name] for name in names}, first=tuple(form["first"]))
        if (cell.nets, cell.successes) != (form["nets"], form["successes"]) or not cell.nets:
            raise ValueError(f"cell n={cell.n} m={cell.m} contradicts itself")
        return cell


def published() -> dict[str, Any]:
    """The published values, as they stand beside ours in the saved form."""
    return {
        "source": "Springer & Kenyon 2020, arXiv:2009.01398",
        "rate_n1_m1": SMALLEST_RATE,
        "majority_from_m": {str(n): m for n, m in MAJORITY_FROM.items()},
    }


def table(cells: Iterable[Cell]) -> Table:
    """The cells beside the published values, for a terminal."""
    shown = Table(title="How often a net learns Life, by width", title_style="bold")
    for name in ("generations", "m", "parameters"):
        shown.add_column(name, justify="right")
    shown.add_column("initial weights")
    for name in ("learned", "share", "95 % interval", "published", "median step", "time"):
        shown.add_column(name, justify="right")
    last = None
    for cell in cells:
        if last not in (None, cell.key[:2]):
            shown.add_section()
        last = cell.key[:2]
        low, high = cell.interval
        shown.add_row(
            str(cell.n),
            str(cell.m),
            str(cell.parameters),
            _NAMES[cell.init],
            f"{cell.successes}/{cell.nets}",
            f"{cell.rate:.1%}",
            f"{low:.1%} – {high:.1%}",
            _published(cell.n, cell.m),
            "–" if cell.median_step is None else f"{cell.median_step:.0f}",
            f"{cell.seconds:.1f} s",
        )
    return shown


def _published(n: int, m: int) -> str:
    if (n, m) == (1, 1):
        return f"{SMALLEST_RATE:.1%}"
    return "> 50 %" if m >= MAJORITY_FROM[n] else "≤ 50 %"


def verdicts(cells: Sequence[Cell]) -> list[str]:
    """One sentence on each published value that the cells speak to."""
    said = [_smallest(cell) for cell in cells if (cell.n, cell.m) == (1, 1)]
    for n, init in dict.fromkeys((cell.n, cell.init) for cell in cells):
        row = [cell for cell in cells if (cell.n, cell.init) == (n, init)]
        said.append(
            f"{_generations(n)}, {_NAMES[init]}: {_majority(row)}; published: from m = "
            f"{MAJORITY_FROM[n]}."
        )
    return said


def _smallest(cell: Cell) -> str:
    """Our rate of the smallest net against the published one."""
    low, high = cell.interval
    ours = f"One generation, m = 1, {_NAMES[cell.init]}: {cell.rate:.1%} learn it"
    if low <= SMALLEST_RATE <= high:
        return (
            f"{ours}; the interval {low:.1%} – {high:.1%} holds the published {SMALLEST_RATE:.1%}."
        )
    hits, nets = SMALLEST_HITS
    below, above = difference((cell.successes, cell.nets), SMALLEST_HITS)
    word = "no difference is shown" if below <= 0 <= above else "the two differ"
    return (
        f"{ours}; the interval {low:.1%} – {high:.1%} does not hold the published "
        f"{SMALLEST_RATE:.1%}. That is {hits} of {nets} nets, and a draw too: the difference lies "
        f"in {below:+.1%} … {above:+.1%}, {word}."
    )


def difference(ours: tuple[int, int], theirs: tuple[int, int]) -> tuple[float, float]:
    """Interval, level 95 %, of the difference of two success rates, each (hits, trials).

    Source: Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I,
    method 10.
    """
    (low, high), (their_low, their_high) = wilson(*ours), wilson(*theirs)
    rate, their_rate = ours[0] / ours[1], theirs[0] / theirs[1]
    middle = rate - their_rate
    return (
        middle - math.hypot(rate - low, their_high - their_rate),
        middle + math.hypot(high - rate, their_rate - their_low),
    )


def _generations(n: int) -> str:
    return {1: "One generation", 2: "Two generations"}.get(n, f"{n} generations")


def _majority(row: Sequence[Cell]) -> str:
    """From which m on all widths of a row have more than half of their nets pass."""
    failing = [cell.m for cell in row if cell.rate <= 0.5]
    widths = [cell.m for cell in row if cell.m > max(failing, default=0)]
    if not widths:
        return f"more than half learn it at no m up to {max(failing)}"
    return f"more than half learn it from m = {min(widths)} on (run: up to {max(widths)})"


def picture(cells: Sequence[Cell], path: Path) -> None:
    """Draw share against width, one panel for each number of generations; the suffix says the kind.

    Raises:
        InputError: there are no cells.
        OutputError: `path` cannot be written.
    """
    if not cells:
        raise InputError(must("study", "run before it is drawn", "no cells"))
    generations = sorted({cell.n for cell in cells})
    # text stays text, and the same cells give the same file
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tenth", "font.size": 10}):
        figure = Figure(figsize=(4.6 * len(generations), 3.8), layout="constrained")
        panels = figure.subplots(1, len(generations), sharex=True, sharey=True, squeeze=False)[0]
        for panel, n in zip(panels, generations, strict=True):
            _panel(panel, [cell for cell in cells if cell.n == n], n)
        panels[0].set_ylabel("nets that learn it")
        widest = max(cell.m for cell in cells)
        panels[0].set_xticks(range(1, max(widest, *MAJORITY_FROM.values()) + 1))
        kind = path.suffix.removeprefix(".")
        metadata = {"Date": None} if kind == "svg" else None
        with files.atomic_path(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=metadata, dpi=160)


def _panel(axes: Axes, cells: Sequence[Cell], n: int) -> None:
    axes.axhline(0.5, color="0.75", linewidth=1, linestyle=":", zorder=0)
    for init in dict.fromkeys(cell.init for cell in cells):
        row = [cell for cell in cells if cell.init == init]
        widths = [cell.m for cell in row]
        lows, highs = zip(*(cell.interval for cell in row), strict=True)
        colour = _COLOURS[init]
        axes.fill_between(widths, lows, highs, color=colour, alpha=0.18, linewidth=0)
        label = f"ours, {_NAMES[init]}"
        axes.plot(widths, [cell.rate for cell in row], "o-", ms=4, color=colour, label=label)
    if n == 1:
        low, high = wilson(*SMALLEST_HITS)
        axes.errorbar(
            1,
            SMALLEST_RATE,
            yerr=[[SMALLEST_RATE - low], [high - SMALLEST_RATE]],
            fmt="x",
            ms=7,
            mew=2,
            color="black",
            ecolor="0.35",
            capsize=3,
            label="published, m = 1",
        )
    label = f"published: over half from m = {MAJORITY_FROM[n]}"
    axes.plot(MAJORITY_FROM[n], 0.5, "^", ms=8, mfc="white", mec="black", ls="", label=label)
    axes.set_title(_generations(n), fontsize=11)
    axes.set_xlabel("m: filters, in multiples of the smallest net's")
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right", fontsize=8.5)
