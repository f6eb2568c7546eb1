"""Advice: a ranked table for each route, with intervals, and what was left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tenth.figures import Figure, human
from tenth.plan.advice.budget import Limit
from tenth.plan.advice.choices import DOUBTS, SURELY, Choice
from tenth.plan.advice.goals import Goal
from tenth.plan.advice.sides import both
from tenth.plan.assumptions import of_place
from tenth.plan.result import span

FORMAT = "tenth-advice/1"
_SURE = (
    "Surely: the upper end of the cost's 90 % interval is within the budget; probably: its middle; "
    "with luck: its lower end alone."
)
ROWS = 8
_COSTS = ["days", "energy_kwh", "price_usd"]

_MARKS: dict[str, str] = dict(zip(DOUBTS, ("*", "?"), strict=True))


@dataclass(frozen=True)
class Group:
    """The rows of one route, best first.

    `left_out` counts devices by why they have no row, `no_credit` those on which the route would
    run as the dense one does. `hints` are options with which something fits where nothing does.
    """

    goal: Goal
    choices: tuple[Choice, ...]
    left_out: Mapping[str, int]
    no_credit: int
    hints: tuple[str, ...] = ()

    def __str__(self) -> str:
        title = f"{self.goal.name}: {self.goal.words}"
        body = _table(self) if self.choices else ["  nothing fits"]
        if self.hints:
            body.append(f"  with {' or with '.join(self.hints)} something does")
        shown_rows = f"{ROWS} of {len(self.choices)} rows" if len(self.choices) > ROWS else ""
        reasons = [f"{_devices(n)} left out: {why}" for why, n in self.left_out.items()]
        if self.no_credit:
            reasons.append(
                f"{_devices(self.no_credit)} without a row: no kernel skips zeros in training "
                "there, so masked work runs dense and earns nothing"
            )
        tail = "; ".join(filter(None, (shown_rows, *reasons)))
        return "\n".join([title, "", *body, *([f"  ({tail})"] if tail else [])])


@dataclass(frozen=True)
class Advice:
    """What a budget pays for.

    `patience` is the time that was taken as the limit where none was said.
    """

    limits: tuple[Limit, ...]
    groups: tuple[Group, ...]
    patience: Limit | None

    def __str__(self) -> str:
        title = "advice: " + " and ".join(limit.words for limit in self.limits)
        return "\n\n".join([title, *map(str, self.groups), "\n".join(self.notes())])

    def notes(self) -> tuple[str, ...]:
        """What a reader should know before spending."""
        notes = [_SURE]
        if self.patience is not None:
            notes.append(f"No time was said: {self.patience.words} at most.")
        if any(group.goal.samples_each for group in self.groups):
            notes.append(
                "20 tokens a parameter is a starting point: the fit behind it is contested "
                "(arXiv:2404.10102). Sizes of different routes are not of one quality."
            )
        rows = [one for group in self.groups for one in group.choices[:ROWS]]
        doubts = {word for one in rows for word in one.doubtful}
        if any(one.guessed for one in rows):
            notes.append("° no published run stands behind the rate of this device: judgement.")
        if any(one.unchecked for one in rows):
            notes.append("~ the memory of this device is not published: not checked.")
        notes += _carbon(self.groups)
        marks = [f"{mark} price {word}" for word, mark in _MARKS.items() if word in doubts]
        if marks:
            notes.append(f"{', '.join(marks)}: under a budget of money such rows come last.")
        if any(not one.plan.figures["price_usd"].known for one in rows):
            notes.append(
                "Unknown money: no price is known of this device. Rows are ranked by what fits, "
                "then by money; where no money was said, an unknown price holds no row back."
            )
        if any(group.goal.samples_each or group.goal.name == "pretrain" for group in self.groups):
            notes.append(
                "One final run: whole projects took 1.5 to 3.5 times as much, with search and "
                "failures (arXiv:2302.13971, arXiv:2503.05804)."
            )
        firsts = [group.choices for group in self.groups if len(group.choices) > 1]
        if firsts:
            notes.append(both(firsts[0][0].side(), firsts[0][1].side()))
        return tuple(notes)

    def draw(self, path: str | Path) -> None:
        """Draw cost against size with the budget; the suffix of `path`, .svg or .png, is the kind.

        Raises:
            InputError: another suffix.
            OutputError: `path` cannot be written.
        """
        from tenth.plan.advice.picture import draw

        draw(self, Path(path))

    def to_json(self) -> dict[str, Any]:
        """The advice as plain values."""
        return {
            "format": FORMAT,
            "budget": [
                {"kind": limit.kind, "most": limit.most, "figure": limit.figure}
                for limit in self.limits
            ],
            "routes": [
                {
                    "name": group.goal.name,
                    "words": group.goal.words,
                    "choices": [one.to_json() for one in group.choices],
                    "left_out": dict(group.left_out),
                    "no_credit": group.no_credit,
                    "hints": list(group.hints),
                }
                for group in self.groups
            ],
            "notes": list(self.notes()),
        }


def _carbon(groups: Sequence[Group]) -> tuple[str, ...]:
    """Whose figures of carbon they are, where there are any."""
    placed = [group.goal.setting.place for group in groups if group.goal.setting.place is not None]
    return of_place(placed[0]).notes if placed else ()


def _table(group: Group) -> list[str]:
    goal = group.goal
    placed = goal.setting.place is not None
    costs = [*_COSTS, "carbon_kgco2e"] if placed else _COSTS
    named = ["time", "energy", "money", *(["carbon"] if placed else [])]
    head = ["", "device", *_amount_heads(goal), *named, *_last(goal)]
    rows = [head]
    for rank, one in enumerate(group.choices[:ROWS], 1):
        figures = one.plan.figures
        told = [_ranged(figures[name]) for name in costs]
        told[_COSTS.index("price_usd")] += "".join(_MARKS[word] for word in one.doubtful)
        flaws = ("°" if one.guessed else "") + ("~" if one.unchecked else "")
        place = [f"{rank}.", f"{one.device.many(one.count)}{flaws}"]
        rows.append([*place, *_amounts(one), *told, one.bound if goal.open else _fits(one)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return [
        "  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _amount_heads(goal: Goal) -> list[str]:
    if not goal.open:
        return []
    ends = [f"{goal.unit}, probably", "surely to with luck"]
    return [*ends, "tokens"] if goal.samples_each is not None else ends


def _devices(count: int) -> str:
    return "1 device" if count == 1 else f"{count} devices"


def _fits(one: Choice) -> str:
    """The verdict, and the limit that it is of where it is not the surest."""
    return one.verdict if one.verdict == SURELY else f"{one.verdict}: {one.bound}"


def _last(goal: Goal) -> list[str]:
    return ["bound by" if goal.open else "fits"]


def _amounts(one: Choice) -> list[str]:
    if one.amount is None:
        return []
    value, low, high = span(replace(one.amount, unit="parameters"))
    told = [value, f"{low} to {high}"]
    if one.goal.samples_each is not None and one.samples is not None:
        told.append(human(one.samples, "parameters", 2))
    return told


def _ranged(figure: Figure) -> str:
    """Value and interval, the unit said once where both ends have it."""
    if not figure.known:
        return "unknown"
    value, low, high = span(figure)
    parts: Sequence[Sequence[str]] = [text.rsplit(" ", 1) for text in (value, low, high)]
    if len({tuple(part[1:]) for part in parts}) == 1:
        return f"{parts[0][0]} ({parts[1][0]} to {parts[2][0]}) {parts[0][-1]}"
    return f"{value} ({low} to {high})"
