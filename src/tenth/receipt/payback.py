"""After how many uses of the model what was spent on it has come back.

A use is one inference, measured before and after. What it takes less of, times the number of uses,
must reach what was spent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tenth.errors import InputError, must
from tenth.figures import Figure, product, unknown
from tenth.receipt import words
from tenth.receipt.sizes import BeforeAfter
from tenth.receipt.stage import price_of, total_of

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

_KWH = Figure(1 / 3.6e6, "kWh/J", label="counted", source="3.6 MJ/kWh")
_HOUR = Figure(1 / 3600, "h/s", label="counted", source="3,600 s/h")


@dataclass(frozen=True)
class Return:
    """One thing that was spent, what a use saves of it, and after how many uses it is back."""

    name: str
    spent: Figure
    saved: Figure
    uses: Figure

    def to_json(self) -> dict[str, Any]:
        """The return as JSON."""
        return {
            "name": self.name,
            "spent": self.spent.to_json(),
            "saved_per_use": self.saved.to_json(),
            "uses": self.uses.to_json(),
        }


@dataclass(frozen=True)
class Payback:
    """What was spent on which stages, and when it is repaid by energy, money and time."""

    stages: list[str]
    use: str
    returns: list[Return]

    def to_json(self) -> dict[str, Any]:
        """The payback as JSON."""
        returns = [one.to_json() for one in self.returns]
        return {"stages": list(self.stages), "use": self.use, "returns": returns}

    def __str__(self) -> str:
        what = ", ".join(self.stages)
        lines = [f"What was spent on {what}, and when it is repaid (a use: {self.use})"]
        for one in self.returns:
            if not one.spent.known:
                lines.append(f"  {one.name}: unknown ({one.spent.reason})")
                continue
            if one.uses.value is None:
                told = f"not known to be repaid: {one.uses.reason}"
            else:
                told = f"repaid after {_wide(one.uses)}"
                told += f", {one.uses.label}"
            saves = f"a use saves {_wide(one.saved)}; " if one.saved.known else ""
            lines.append(f"  {one.name}: {words.short(one.spent)}; {saves}{told}")
        return "\n".join(lines)


def payback(
    receipt: Receipt,
    *,
    stages: Iterable[str] = (),
    use: str | BeforeAfter | None = None,
    watts: Figure | None = None,
) -> Payback:
    """When the cost of some stages is repaid by what a use of the smaller model saves.

    Args:
        receipt: its sizes hold the use before and after, in seconds or joules.
        stages: names of the stages that were spent on it; all if none is named.
        use: what a use takes before and after, or the name of such a size of the receipt; the first
            in seconds or joules if None.
        watts: what the machine draws while it is used, to turn seconds into joules; if None, the
            joules a second of the stages stand in.

    Raises:
        InputError: no such stage or size.
    """
    named = list(stages)
    chosen = [stage for stage in receipt.stages if not named or stage.name in named]
    strange = sorted(set(named) - {stage.name for stage in chosen})
    if strange or not chosen:
        known = ", ".join(stage.name for stage in receipt.stages) or "none"
        raise InputError(must("stage", f"one of: {known}", ", ".join(strange) or "none"))
    size = use if isinstance(use, BeforeAfter) else _use(receipt, use)
    spent = {key: _total(chosen, key) for key in ("energy_joules", "price_usd", "wall_seconds")}
    saved = _saved(size)
    if size.before.unit == "J":
        energy = saved
        seconds = unknown("s", f"{size.name} is given in joules")
    else:
        seconds = saved
        draw = watts or _draw(spent)
        energy = product([saved, draw], "J", f"seconds saved × {draw} ({draw.source})")
    price = price_of(chosen) or _implied(spent)
    money = product([seconds, _HOUR, price], "USD", f"seconds saved × {price} ({price.source})")
    uses = _uses(spent["wall_seconds"], seconds)
    returns = [
        _return("energy", _kwh(spent["energy_joules"]), _kwh(energy)),
        Return("money", spent["price_usd"], money, _of_money(spent["price_usd"], money, uses)),
        Return("time", spent["wall_seconds"], seconds, uses),
    ]
    names = list(dict.fromkeys(stage.name for stage in chosen))
    return Payback(names, f"{size.name}, {size.before} before and {size.after} after", returns)


def _total(stages: Any, key: str) -> Figure:
    if any(key in stage.figures for stage in stages):
        return total_of(stages, key)
    return unknown("", "no stage metered it")


def _use(receipt: Receipt, name: str | None) -> BeforeAfter:
    fit = [size for size in receipt.sizes if size.before.unit in ("s", "J")]
    found = next((size for size in fit if name in (None, size.name)), None)
    if found is None:
        if not fit:
            raise InputError(
                "the receipt does not say what a use takes: nothing timed the model. Time both "
                "with `tenth receipt judge BEFORE AFTER`, and give the seconds with --before and "
                "--after."
            )
        known = ", ".join(size.name for size in fit)
        raise InputError(must("use of the model", f"a size in seconds or joules: {known}", name))
    return found


def _saved(size: BeforeAfter) -> Figure:
    """What one use takes less."""
    before, after = size.before, size.after
    if not (before.known and after.known):
        return unknown(before.unit, f"{size.name} is not known before and after")
    value, low, high = before.bounds()
    then, least, most = after.bounds()
    kind = "measured" if {before.label, after.label} == {"measured"} else "modelled"
    if "estimated" in (before.label, after.label):
        kind = "estimated"
    source = f"{size.name}: before − after"
    return Figure(value - then, before.unit, low - most, high - least, kind, source)


def _draw(spent: dict[str, Figure]) -> Figure:
    energy, clock = spent["energy_joules"], spent["wall_seconds"]
    if not (energy.known and clock.known and clock.value):
        return unknown("W", energy.reason or clock.reason or "no time was metered")
    value, low, high = (bound / clock.bounds()[0] for bound in energy.bounds())
    return Figure(value, "W", low, high, "modelled", "the mean of the stages")


def _implied(spent: dict[str, Figure]) -> Figure:
    """What an hour of the stages was billed at: their money over their time."""
    money, clock = spent["price_usd"], spent["wall_seconds"]
    if not (money.known and clock.known and clock.value):
        why = money.reason or clock.reason or "no time was metered"
        return unknown("USD/h", f"the stages say no price of an hour: {why}")
    value, low, high = (bound / clock.bounds()[0] * 3600 for bound in money.bounds())
    source = "money ÷ hours of the stages"
    return Figure(value, "USD/h", low, high, "modelled", source)


def _of_money(spent: Figure, saved: Figure, of_time: Figure) -> Figure:
    """Uses until money is back; at one price of an hour those until time is, the price cancels."""
    uses = _uses(spent, saved)
    if not (uses.known and of_time.known):
        return uses
    same = math.isclose(uses.bounds()[0], of_time.bounds()[0], rel_tol=1e-6)
    return replace(of_time, source="as of time: one price on both sides") if same else uses


def _wide(figure: Figure) -> str:
    """A figure with its interval."""
    ends = words.interval(figure)
    return f"{words.short(figure)} ({ends})" if ends else words.short(figure)


def _kwh(joules: Figure) -> Figure:
    if not joules.known:
        return replace(joules, unit="kWh")
    value, low, high = (bound * _KWH.bounds()[0] for bound in joules.bounds())
    return replace(joules, unit="kWh", value=value, low=low, high=high)


def _return(name: str, spent: Figure, saved: Figure) -> Return:
    return Return(name, spent, saved, _uses(spent, saved))


def _uses(spent: Figure, saved: Figure) -> Figure:
    for figure in (spent, saved):
        if not figure.known:
            return unknown("uses", figure.reason)
    value, low, high = saved.bounds()
    if value <= 0:
        return unknown("uses", "a use takes no less than before: it is never repaid")
    if low <= 0:
        return unknown(
            "uses", "the interval of what a use saves holds nothing: it may never be repaid"
        )
    inverse = Figure(1 / value, "uses", 1 / high, 1 / low, saved.label)
    return product([spent, inverse], "uses", "spent ÷ saved by a use")
