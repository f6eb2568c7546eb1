"""The roofline picture: each layer of a program under the roof of the machine.

Source: Williams, Waterman, Patterson 2009, doi:10.1145/1498765.1498785.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tenth import files
from tenth.errors import InputError, must
from tenth.figures import human
from tenth.ship.bench.roof import Roof
from tenth.ship.bench.steps import StepTime
from tenth.ship.interface import labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DENSE, _SPARSE = "#d97a16", "#1f5fa8"
_LARGEST = 420.0  # square points, of the slowest layer
_NAMED = 5
_WIDTH_POINTS, _HEIGHT_POINTS = 460.0, 270.0  # of the axes
_LINE_POINTS, _LETTER_POINTS, _LETTERS = 11.0, 4.4, 32  # of a name
_ASIDE_POINTS = 26.0  # from a dot to its name


def draw(steps: Sequence[StepTime], roof: Roof, path: Path) -> None:
    """Draw useful FLOP a second against useful FLOP a byte; the suffix says the kind.

    Raises:
        InputError: no step has weights.
        OutputError: `path` cannot be written.
    """
    # matplotlib takes a quarter of a second to load, and only a picture needs it
    import matplotlib as mpl
    from matplotlib.figure import Figure

    layers = [step for step in steps if step.shape]
    if not layers:
        raise InputError(must("a roofline", "of a program with weights", "none"))
    # text stays text, and the same times give the same file
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tenth", "font.size": 10}):
        figure = Figure(figsize=(7.2, 4.8), layout="constrained")
        axes = figure.subplots()
        _roof(axes, roof, layers)
        _dots(axes, layers)
        axes.set_xlabel("FLOP with kept weights, a byte of weights and activations moved")
        axes.set_ylabel("GFLOP/s with kept weights")
        axes.set_title("Layers under the roof of one core", fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(True, which="major", color="0.92", zorder=0)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="upper left", fontsize=8.5)
        kind = path.suffix.removeprefix(".")
        metadata = {"Date": None} if kind == "svg" else None
        with files.atomic_path(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=metadata, dpi=160)


def _roof(axes: Axes, roof: Roof, layers: Sequence[StepTime]) -> None:
    from matplotlib.ticker import LogFormatter

    intensities = [layer.intensity for layer in layers]
    ridge = roof.flops_per_second / roof.bytes_per_second
    left, right = min(*intensities, ridge) / 3, max(*intensities, ridge) * 5
    middle = np.sqrt(left * ridge)
    low = min(layer.rate for layer in layers) / 1e9
    x = np.geomspace(left, right, 256)
    axes.loglog(x, [roof.at(value) / 1e9 for value in x], color="0.25", linewidth=1.5)
    axes.set_xlim(left, right)
    axes.set_ylim(min(low / 2, roof.at(left) / 2e9), roof.flops_per_second / 1e9 * 2)
    peak = f"{roof.flops_per_second / 1e9:.0f} GFLOP/s, multiply-adds"
    axes.annotate(
        peak, (right, roof.flops_per_second / 1e9), (-4, 5), textcoords="offset points", ha="right"
    )
    axes.annotate(
        f"{roof.bytes_per_second / 1e9:.0f} GB/s, memory",
        (middle, roof.at(middle) / 1e9),
        (-8, 4),
        textcoords="offset points",
        ha="right",
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_formatter(LogFormatter())  # numbers where there is less than a decade


def _dots(axes: Axes, layers: Sequence[StepTime]) -> None:
    slowest = max(layer.seconds for layer in layers)
    kinds = (("sparse", _SPARSE, True), ("dense", _DENSE, False))
    for name, colour, sparse in kinds:
        some = [layer for layer in layers if (layer.kernel != "dense") == sparse]
        if some:
            axes.scatter(
                [layer.intensity for layer in some],
                [layer.rate / 1e9 for layer in some],
                s=[max(12.0, _LARGEST * layer.seconds / slowest) for layer in some],
                color=colour,
                alpha=0.55,
                linewidth=0.8,
                edgecolor="white",
                zorder=3,
            )
            label = f"{name} kernel: {len(some)} layer{'s' if len(some) > 1 else ''}"
            axes.plot([], [], "o", color=colour, alpha=0.55, label=label)
    axes.plot([], [], " ", label="area: time")
    named = zip(labels(layers), layers, strict=True)
    _names(axes, sorted(named, key=lambda one: -one[1].seconds)[:_NAMED])


def _names(axes: Axes, named: Sequence[tuple[str, StepTime]]) -> None:
    """Name some layers in one column, the fastest above, each with a line to its dot."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    across, up = _WIDTH_POINTS / np.log(right / left), _HEIGHT_POINTS / np.log(high / low)
    texts = [f"{_short(label, layer)}, {human(layer.seconds, 's')}" for label, layer in named]
    places = [
        (across * np.log(layer.intensity / left), up * np.log(layer.rate / 1e9 / low))
        for _, layer in named
    ]
    most = _WIDTH_POINTS - _LETTER_POINTS * max(map(len, texts))
    column = min(max(x for x, _ in places) + _ASIDE_POINTS, most)
    free = float("inf")
    heights: dict[int, float] = {}
    for i in sorted(range(len(named)), key=lambda i: -places[i][1]):
        heights[i] = free = min(places[i][1] - _ASIDE_POINTS, free - _LINE_POINTS)
    raised = max(0.0, _LINE_POINTS - free)  # the lowest stays above the axis
    for i, (x, y) in enumerate(places):
        axes.annotate(
            texts[i],
            (named[i][1].intensity, named[i][1].rate / 1e9),
            (column - x, heights[i] + raised - y),
            textcoords="offset points",
            va="center",
            fontsize=8,
            zorder=4,
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.5},
            arrowprops={"arrowstyle": "-", "color": "0.55", "linewidth": 0.6, "relpos": (0, 0.5)},
        )


def _short(label: str, layer: StepTime) -> str:
    """The end of a long name, as many others begin like it; a number after what it does."""
    if label.isdigit():
        return f"{layer.op} {label}"
    return label if len(label) <= _LETTERS else f"…{label[1 - _LETTERS :]}"
