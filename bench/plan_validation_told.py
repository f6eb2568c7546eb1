"""The tables and the picture of `plan_validation`, from its result."""

import math
from pathlib import Path
from typing import Any

from tenth import files

REASONS = {
    "llama3-8b": "its card's hours cover more than 6·N·D, which comes to an MFU of 0.16",
    "nanogpt-124m": "half as well used as tuned code; its tokens are those of a configuration file",
    "vit-22b": "its hours come from the throughput of a step, so nothing was lost in them",
    "yalm-100b": "65 days on 800 devices at an MFU of 0.13, failures and restarts in them",
}


def table(found: dict[str, Any]) -> str:
    """The rows as Markdown, worst first, with the reason of each miss."""
    default, left = found["default_table"], found["leave_one_organisation_out"]
    other = {row["run"]: row for row in left["rows"]}
    lines = [
        "| run | organisation | published h | planned h | 90 % interval | planned ÷ published | "
        "without its organisation | why |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in sorted(default["rows"], key=lambda row: -abs(math.log(row["ratio"]))):
        again = other[row["run"]]
        lines.append(
            f"| {row['run']} | {row['organisation']} | {_hours(row['published_hours'])} | "
            f"{_hours(row['planned_hours'])} | {_hours(row['low'])} to {_hours(row['high'])} | "
            f"{_ratio(row)} | {_ratio(again)} | {REASONS.get(row['run'], '')} |"
        )
    return "\n".join(lines)


def summary(found: dict[str, Any]) -> str:
    """Both verdicts against both bars, as Markdown."""
    lines = [
        f"| table | within ×/÷{found['factor']} | aim | inside the interval | aim | "
        "interval, median | within, each organisation once | inside, each once |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for key, words in (
        ("default_table", "as it is"),
        ("leave_one_organisation_out", "fitted on the others"),
    ):
        one = found[key]
        lines.append(
            f"| {words} | {_share(one, 'within')} | {_aim(one, 'within')} | "
            f"{_share(one, 'inside')} | {_aim(one, 'inside')} | ×/÷{one['interval_factor']:.2f} | "
            f"{one['within_share_by_organisation']:.0%} | "
            f"{one['inside_share_by_organisation']:.0%} |"
        )
    return "\n".join(lines)


def fitted(found: dict[str, Any]) -> str:
    """Which runs set which row of the default table, as Markdown."""
    lines = ["| row of the default table | judged on it |", "| --- | --- |"]
    lines += [f"| {row} | {', '.join(names)} |" for row, names in found["fitted_on"].items()]
    return "\n".join(lines)


def _share(one: dict[str, Any], name: str) -> str:
    low, high = one[f"{name}_share_interval"]
    share = one[f"{name}_share"]
    return f"{one[name]} of {one['runs']} = {share:.0%} ({low:.0%} to {high:.0%})"


def _aim(one: dict[str, Any], name: str) -> str:
    return f"{one[f'{name}_bar']:.0%}, {'reached' if one[f'{name}_met'] else 'missed'}"


def _ratio(row: dict[str, Any]) -> str:
    text = f"{row['ratio']:.2f}"
    text = text if row["within"] else f"**{text}**"
    return text if row["inside"] else f"{text}, outside"


def _hours(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.0f}"


def filled(page: str, found: dict[str, Any]) -> str:
    """The page with its tables made anew."""
    for name, make in (("summary", summary), ("runs", table), ("fitted", fitted)):
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, rest = page.split(begin)
        page = before + f"{begin}\n{make(found)}\n{end}" + rest.split(end)[1]
    return page


_COLOURS = {"a100": "#1f5fa8", "hopper": "#b3452c", "tpu": "#4f8f4a", "v100": "#8a5fa8"}
_NAMES = {"a100": "A100", "hopper": "H100, H800", "tpu": "TPU", "v100": "V100"}
# where the name of a miss stands beside its point
_OFFSETS = {"nanogpt-124m": (8, -4), "vit-22b": (-8, 8), "llama3-8b": (9, -3), "yalm-100b": (9, -9)}


def draw(found: dict[str, Any], path: Path) -> None:
    """Planned against published hours, both ways, with the line of equals and the band."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tenth", "font.size": 9}):
        canvas = Canvas(figsize=(9.6, 5.4), layout="constrained")
        panels = canvas.subplots(1, 2, sharex=True, sharey=True)
        for axes, key, words in (
            (panels[0], "default_table", "the default table"),
            (panels[1], "leave_one_organisation_out", "fitted without the run's organisation"),
        ):
            _panel(axes, found[key], found["factor"], words)
        panels[0].set_ylabel("planned device-hours, 90 % interval")
        panels[0].legend(frameon=False, loc="upper left", fontsize=8)
        with files.atomic_path(path) as temporary:
            kind = path.suffix.removeprefix(".")
            metadata = {"Date": None} if kind == "svg" else None
            canvas.savefig(temporary, format=kind, metadata=metadata, dpi=160)


def _panel(axes: Any, one: dict[str, Any], factor: float, words: str) -> None:
    ends = (200.0, 1e8)
    axes.fill_between(
        ends,
        [end / factor for end in ends],
        [end * factor for end in ends],
        color="0.9",
        linewidth=0,
        label=f"×/÷{factor}",
    )
    axes.plot(ends, ends, color="0.5", linewidth=1, label="planned = published")
    for kind, colour in _COLOURS.items():
        rows = [row for row in one["rows"] if row["family"] == kind]
        axes.errorbar(
            [row["published_hours"] for row in rows],
            [row["planned_hours"] for row in rows],
            yerr=[
                [row["planned_hours"] - row["low"] for row in rows],
                [row["high"] - row["planned_hours"] for row in rows],
            ],
            fmt="o",
            color=colour,
            markersize=4,
            elinewidth=0.8,
            label=_NAMES[kind],
        )
    for row in one["rows"]:
        if not row["within"]:
            left = _OFFSETS.get(row["run"], (9, -6))
            axes.annotate(
                row["run"],
                (row["published_hours"], row["planned_hours"]),
                xytext=left,
                textcoords="offset points",
                ha="left" if left[0] > 0 else "right",
                fontsize=8,
            )
    text = f"{one['within']} of {one['runs']} in the band, {one['inside']} inside their interval"
    axes.set_title(f"{words}\n{text}", fontsize=10)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel="published device-hours")
    axes.set_box_aspect(1)
    axes.spines[["top", "right"]].set_visible(False)
